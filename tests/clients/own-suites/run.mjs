#!/usr/bin/env node
// Runs the suites that the official clients for Node and Python keep in their repositories against
// the store server:
//
//   node tests/clients/own-suites/run.mjs CHECKOUT [FILTER]
//
// CHECKOUT is one of either repository; FILTER narrows it to files (Node) or classes (Python) whose
// names contain it. The client comes from its registry, the server is built when it is not there
// (or LAUREL_STORE_SERVER names it). Prints passed, failed and skipped per file, and what differs
// from `expectations.json`: then it ends with 1. Everything it makes is in target/tests/own-suites.
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { compared } from './compare.mjs';
import { nodeSuites } from './node-suites.mjs';
import { pythonSuites } from './python-suites.mjs';
import { certificates, quietly } from './tools.mjs';

const root = new URL('../../../', import.meta.url).pathname;
const here = new URL('./', import.meta.url).pathname;

const [checkout, filter = ''] = process.argv.slice(2);
if (!checkout) throw new Error('which checkout?');
const from = resolve(checkout);
const kind = existsSync(join(from, 'packages/test/src')) ? 'node'
  : existsSync(join(from, 'kurrentdbclient')) ? 'python' : undefined;
if (!kind) throw new Error(`${from} is no checkout of the Node or the Python client`);

const server = process.env.LAUREL_STORE_SERVER ?? join(root, 'target/debug/examples/serve');
if (!process.env.LAUREL_STORE_SERVER) {
  quietly('cargo', ['build', '--quiet', '-p', 'eventstore', '--features', 'server', '--example', 'serve'], root);
}
const room = join(root, 'target/tests/own-suites', kind);
await mkdir(room, { recursive: true });
await certificates(join(room, 'certificates'));

const expected = JSON.parse(readFileSync(join(here, 'expectations.json'), 'utf8'))[kind];
const suites = kind === 'node' ? nodeSuites : pythonSuites;
await rm(join(room, 'src'), { recursive: true, force: true });
await cp(join(from, kind === 'node' ? 'packages/test/src' : 'tests'), join(room, 'src'), { recursive: true });
const found = await suites({ from, here, room, server, filter, left: Object.keys(expected.left) });
process.exitCode = compared(found, expected, filter) ? 0 : 1;
