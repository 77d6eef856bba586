// The suites of the Node client, with jest as they are written for it.
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';

import { aloud, quietly } from './tools.mjs';

// By file: the names of the tests that passed, failed and skipped themselves.
export async function nodeSuites({ here, room, server, filter, left }) {
  const wanted = join(here, 'package.json');
  const same = existsSync(join(room, 'node_modules'))
    && readFileSync(wanted, 'utf8') === readFileSync(join(room, 'package.json'), 'utf8');
  for (const file of ['package.json', 'jest.config.cjs']) await copyFile(join(here, file), join(room, file));
  if (!same) quietly('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--legacy-peer-deps'], room);
  await copyFile(join(here, 'Cluster.ts'), join(room, 'src/utils/Cluster.ts'));

  const outcome = join(room, 'outcome.json');
  await rm(outcome, { force: true });
  const paths = left.length > 0 ? ['--testPathIgnorePatterns', ...left] : [];
  await aloud('npx', [
    'jest', '--config', 'jest.config.cjs', '--forceExit', '--silent', '--ci', '--json',
    '--outputFile', outcome, '--maxWorkers', '2', `src/.*${filter}`, ...paths,
  ], {
    cwd: room,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      LAUREL_STORE_SERVER: server,
      LAUREL_CERTIFICATES: join(room, 'certificates'),
    },
  });
  const found = {};
  for (const { name, assertionResults } of JSON.parse(readFileSync(outcome, 'utf8')).testResults) {
    const of = (status) => assertionResults.filter((it) => it.status === status).map((it) => it.fullName);
    const file = relative(join(room, 'src'), name);
    found[file] = { passed: of('passed'), failed: of('failed'), skipped: of('pending') };
  }
  return found;
}
