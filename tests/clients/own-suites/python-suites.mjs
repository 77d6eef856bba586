// The suites of the Python client, with pytest; they look for an insecure node at port 2113 and a
// secure one at port 2114.
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { aloud, quietly, serving } from './tools.mjs';

// By class: the names of the tests that passed, failed and skipped themselves.
export async function pythonSuites({ from, here, room, server, filter, left }) {
  const [, version] = readFileSync(join(from, 'pyproject.toml'), 'utf8').match(/^version = "(.+)"$/m);
  const [python, made] = [join(room, 'venv/bin/python'), join(room, 'venv/made.txt')];
  const wanted = `kurrentdbclient==${version}`;
  if (!existsSync(made) || readFileSync(made, 'utf8') !== wanted) {
    await rm(join(room, 'venv'), { recursive: true, force: true });
    quietly('python3', ['-m', 'venv', join(room, 'venv')]);
    quietly(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', wanted,
      '--requirement', join(here, 'python.requirements.txt')]);
    await writeFile(made, wanted);
  }
  // Their package is called `tests`.
  await rm(join(room, 'tests'), { recursive: true, force: true });
  await mkdir(join(room, 'tests'));
  quietly('cp', ['-r', `${room}/src/.`, join(room, 'tests')]);

  const folder = await mkdtemp(join(tmpdir(), 'laurel-store-'));
  const of = (name) => join(room, 'certificates', name);
  const tls = ['--tls', of('node.crt'), of('node.key'), 'admin:changeit'];
  const end = [
    await serving(server, join(folder, 'insecure'), 2113),
    await serving(server, join(folder, 'secure'), 2114, ...tls),
  ];
  const outcome = join(room, 'outcome.xml');
  const files = ['client', 'client_async', 'events', 'persistent_subscription'];
  const leave = left.map((name) => `not ${name}`);
  const only = [...leave, ...(filter ? [filter] : [])].join(' and ');
  try {
    await aloud(python, ['-m', 'pytest', '--quiet', '--tb=no', '--no-header', '-p', 'no:cacheprovider',
      '--junitxml', outcome, ...files.map((file) => `tests/test_${file}.py`), ...(only ? ['-k', only] : [])],
    { cwd: room });
  } finally {
    for (const ending of end) await ending();
    await rm(folder, { recursive: true });
  }
  const found = {};
  const cases = /<testcase classname="tests\.([^"]+)" name="([^"]+)"[^>]*?(\/>|>([\s\S]*?)<\/testcase>)/g;
  for (const [, of, name, , said = ''] of readFileSync(outcome, 'utf8').matchAll(cases)) {
    found[of] ??= { passed: [], failed: [], skipped: [] };
    const how = /<(failure|error)\b/.test(said) ? 'failed' : said.includes('<skipped') ? 'skipped' : 'passed';
    found[of][how].push(name);
  }
  return found;
}
