// Drives a server through every streams call of the official client for Node.
import {
  ANY, BACKWARDS, END, FORWARDS, KurrentDBClient, NO_STREAM, START, STREAM_EXISTS,
  binaryEvent, eventTypeFilter, jsonEvent, persistentSubscriptionToStreamSettingsFromDefaults,
  streamNameFilter,
} from '@kurrent/kurrentdb-client';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';

import { start } from './server.mjs';

let server;
let client;

before(async () => {
  server = await start();
  client = KurrentDBClient.connectionString(
    `kurrentdb://localhost:${server.port}?tls=false`,
  );
});
after(async () => {
  await client.dispose();
  await server.stop();
});

const stream = () => `node-${randomUUID()}`;
const made = (label, type = 'made') => jsonEvent({ type, data: { label } });
const all = async (reading) => {
  const events = [];
  for await (const { event } of reading) events.push(event);
  return events;
};
const labels = (events) => events.map((event) => event.data.label);
const revisions = (events) => events.map((event) => Number(event.revision));

test('appends on every expectation, and once however often it is sent', async () => {
  const name = stream();
  const first = made('a');
  const one = await client.appendToStream(name, [first], { streamState: NO_STREAM });
  assert.equal(one.nextExpectedRevision, 0n);
  const again = await client.appendToStream(name, [first], { streamState: NO_STREAM });
  assert.deepEqual(again.position, one.position);
  await client.appendToStream(name, [made('b')], { streamState: 0n });
  await client.appendToStream(name, [made('c')], { streamState: ANY });
  await client.appendToStream(name, [made('d')], { streamState: STREAM_EXISTS });
  await assert.rejects(client.appendToStream(name, [made('x')], { streamState: 1n }), {
    type: 'wrong-expected-version', actualState: 3n,
  });
  // With credentials of its own, an append is a call of its own.
  const credentials = { username: 'admin', password: 'changeit' };
  const unary = await client.appendToStream(name, [made('e')], { streamState: 3n, credentials });
  assert.equal(unary.nextExpectedRevision, 4n);
  assert.deepEqual(labels(await all(client.readStream(name))), ['a', 'b', 'c', 'd', 'e']);
});

test('lets nobody in who does not say who it is', async (t) => {
  const guarded = await start('admin:changeit');
  t.after(() => guarded.stop());
  const stranger = KurrentDBClient.connectionString(
    `kurrentdb://localhost:${guarded.port}?tls=false`,
  );
  await assert.rejects(stranger.appendToStream(stream(), [made('a')]), { type: 'access-denied' });
  await stranger.dispose();
});

test('reads a stream and everything in both directions', async () => {
  const name = stream();
  const data = new Uint8Array(100_000).map((_, n) => n);
  const events = [made('a'), made('b'), binaryEvent({ type: 'bytes', data })];
  await client.appendToStream(name, events);
  await assert.rejects(all(client.readStream(stream())), { type: 'stream-not-found' });
  const forwards = await all(client.readStream(name, { direction: FORWARDS, fromRevision: START }));
  assert.deepEqual(revisions(forwards), [0, 1, 2]);
  assert.deepEqual(new Uint8Array(forwards[2].data), data);
  const backwards = { direction: BACKWARDS, fromRevision: END, maxCount: 2 };
  assert.deepEqual(revisions(await all(client.readStream(name, backwards))), [2, 1]);
  const last = await all(client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 3 }));
  assert.deepEqual(revisions(last), [2, 1, 0]);
  const typed = await all(client.readAll({ filter: eventTypeFilter({ prefixes: ['byt'] }) }));
  assert.ok(typed.length > 0 && typed.every((event) => event.type === 'bytes'));
  const named = await all(client.readAll({ filter: streamNameFilter({ regex: `^${name}$` }) }));
  assert.equal(named.length, 3);
});

test('follows a stream and everything', { timeout: 30_000 }, async () => {
  const name = stream();
  await client.appendToStream(name, [made('a')]);
  const following = client.subscribeToStream(name, { fromRevision: START });
  const everything = client.subscribeToAll({ filter: streamNameFilter({ prefixes: [name] }) });
  const seen = [[], []];
  const follow = async (subscription, into) => {
    for await (const { event } of subscription) {
      into.push(event.data.label);
      if (into.length === 3) return;
    }
  };
  const done = Promise.all([follow(following, seen[0]), follow(everything, seen[1])]);
  await client.appendToStream(name, [made('b'), made('c')]);
  await done;
  assert.deepEqual(seen, [['a', 'b', 'c'], ['a', 'b', 'c']]);
  await Promise.all([following.unsubscribe(), everything.unsubscribe()]);
});

test('keeps metadata, deletes and buries', async () => {
  const name = stream();
  await client.appendToStream(name, [made('a'), made('b'), made('c')]);
  await client.setStreamMetadata(name, { maxCount: 1, mine: 'yes' });
  const { metadata } = await client.getStreamMetadata(name);
  assert.deepEqual([metadata.maxCount, metadata.mine], [1, 'yes']);
  assert.deepEqual(labels(await all(client.readStream(name))), ['c']);
  await client.deleteStream(name, { expectedRevision: 2n });
  await assert.rejects(all(client.readStream(name)), { type: 'stream-not-found' });
  await client.appendToStream(name, [made('d')], { streamState: NO_STREAM });
  assert.deepEqual(revisions(await all(client.readStream(name))), [3]);
  await client.tombstoneStream(name);
  await assert.rejects(all(client.readStream(name)), { type: 'stream-deleted' });
  await assert.rejects(client.appendToStream(name, [made('e')]), { type: 'stream-deleted' });
});

test('appends to several streams at once, or to none', async () => {
  const [one, two] = [stream(), stream()];
  const to = (streamName, expectedState) => ({ streamName, expectedState, events: [made('a')] });
  await client.multiStreamAppend([to(one, NO_STREAM), to(two, ANY)]);
  await assert.rejects(client.multiStreamAppend([to(one, 0n), to(two, NO_STREAM)]), {
    type: 'wrong-expected-version',
  });
  assert.equal((await all(client.readStream(one))).length, 1);
  const record = (streamName) => ({ streamName, record: made('b') });
  await client.appendRecords([record(one), record(two), record(one)]);
  assert.equal((await all(client.readStream(one))).length, 3);
  const [last] = (await all(client.readStream(one))).slice(-1);
  assert.deepEqual(last.metadata, { '$schema.format': 'Json', '$schema.name': 'made' });
  const check = (expectedState) => [{ type: 'streamState', streamName: two, expectedState }];
  await client.appendRecords([record(one)], check(1n));
  const three = { type: 'streamState', streamName: stream(), expectedState: 5n };
  await assert.rejects(client.appendRecords([record(one)], [...check(NO_STREAM), three]), (error) => {
    assert.equal(error.type, 'append-consistency-violation');
    return error.violations.length === 2;
  });
});

test('shares a stream among consumers', { timeout: 30_000 }, async () => {
  const [name, group] = [stream(), randomUUID()];
  await client.appendToStream(name, [made('a'), made('b'), made('c')]);
  const settings = persistentSubscriptionToStreamSettingsFromDefaults({
    startFrom: START, extraStatistics: true,
  });
  await client.createPersistentSubscriptionToStream(name, group, settings);
  const consumer = client.subscribeToPersistentSubscriptionToStream(name, group);
  const seen = [];
  let info;
  for await (const resolved of consumer) {
    seen.push(resolved.event.data.label);
    if (seen.length === 3) info = await client.getPersistentSubscriptionToStreamInfo(name, group);
    await consumer.ack(resolved);
    if (seen.length === 3) break;
  }
  assert.deepEqual(seen, ['a', 'b', 'c'], 'what was there before, since it begins at the start');
  assert.deepEqual([info.eventSource, info.groupName], [name, group]);
  assert.equal(info.settings.startFrom, START);
  const [connection] = info.connections;
  assert.equal(connection.connectionName, client.connectionName);
  assert.ok(connection.extraStatistics.has('quintile 3'));
  await client.deletePersistentSubscriptionToStream(name, group);
});
