// The official Rust client's own suites, unmodified, and the official Python client, call by call.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { run, start } from './server.mjs';

const suites = ['streams', 'persistent_subscriptions', 'operations'];
const here = (path) => new URL(path, import.meta.url).pathname;

test('the suites of the official Rust client pass', async (t) => {
  // The last suite asks the server to end.
  const server = await start('--may-be-shut-down');
  t.after(() => server.stop());
  const connection = `kurrentdb://localhost:${server.port}?tls=false&defaultDeadline=60000`;
  const target = here('../../target/clients');
  const { code, said } = await run(
    'cargo',
    ['run', '--quiet', '--locked', '--', connection, ...suites],
    { cwd: here('rust'), env: { CARGO_TARGET_DIR: target, ...process.env } },
  );
  assert.equal(code, 0, said);
  const passed = [...said.matchAll(/^(\w+): (\d+) tests passed$/gm)].map(([, name, n]) => [name, +n]);
  assert.deepEqual(passed, [['streams', 16], ['persistent_subscriptions', 18], ['operations', 16]]);
  assert.equal(await server.ended, 0, 'it ended in good order when it was asked to');
});

test('the official Python client finds every call as it expects it', async (t) => {
  const server = await start();
  t.after(() => server.stop());
  const python = process.env.LAUREL_CLIENTS_PYTHON
    ?? here('../../target/tests/kurrentdb-python/bin/python');
  const { code, said } = await run(python, [here('streams.py'), String(server.port)]);
  assert.equal(code, 0, said);
  assert.match(said, /^ok: 12 parts$/m);
});
