// What both runners need.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

// Runs a program whose output is of no interest unless it fails.
export function quietly(command, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}\n${stdout}${stderr}`);
}

// Runs a program that says what it does; its exit code.
export async function aloud(command, args, options) {
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options });
  const [code] = await once(child, 'exit');
  return code;
}

// An authority, a node of localhost and a user whom nobody knows.
export async function certificates(folder) {
  if (existsSync(join(folder, 'user.crt'))) return;
  await mkdir(folder, { recursive: true });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '3650'];
  const certificate = (name, subject, ...more) => quietly('openssl', [
    'req', '-x509', ...key, '-keyout', `${name}.key`, '-out', `${name}.crt`, '-subj', subject, ...more,
  ], folder);
  const authority = ['-CA', 'ca.crt', '-CAkey', 'ca.key'];
  const leaf = ['-addext', 'basicConstraints=critical,CA:FALSE'];
  certificate('ca', '/CN=Laurel tests', '-addext', 'keyUsage=critical,keyCertSign');
  certificate('node', '/CN=localhost', ...authority, ...leaf,
    '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1');
  certificate('user', '/CN=nobody', ...authority, ...leaf);
}

// A server on that port; what ends it.
export async function serving(server, folder, port, ...options) {
  const child = spawn(server, [folder, String(port), ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const first = once(createInterface({ input: child.stdout }), 'line');
  const gone = once(child, 'exit');
  await Promise.race([first, gone.then(() => { throw new Error(`port ${port} cannot be had`); })]);
  return async () => {
    child.kill('SIGKILL');
    await gone;
  };
}
