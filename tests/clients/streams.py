"""Drives a server through every streams call of the official Python client, PyPI kurrentdbclient.

`streams.py PORT`; each part is a function that ends by an assertion when the server is wrong.
"""
import sys
from uuid import uuid4

from kurrentdbclient import KurrentDBClient, NewEvent, NewEvents, NewRecord, StreamState
from kurrentdbclient import exceptions as errors
from kurrentdbclient.events import Checkpoint, CaughtUp, StreamStateCheck

client = KurrentDBClient(uri=f'kurrentdb://localhost:{sys.argv[1]}?Tls=false')


def stream():
    return f'python-{uuid4()}'


def events(*labels):
    return [NewEvent(type='labelled', data=f'{{"label":"{label}"}}'.encode(), metadata=b'{"by":"python"}')
            for label in labels]


def ids(recorded):
    return [event.id for event in recorded]


def refused(error, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except error as refusal:
        return refusal
    raise AssertionError(f'{call.__name__} was not refused with {error.__name__}')


def appends_on_every_expectation():
    name, first, rest = stream(), events('a'), events('b', 'c')
    refused(errors.WrongCurrentVersionError, client.append_to_stream, name,
            current_version=StreamState.EXISTS, events=first)
    position = client.append_to_stream(name, current_version=StreamState.NO_STREAM, events=first)
    assert client.append_to_stream(name, current_version=0, events=rest) > position
    client.append_to_stream(name, current_version=StreamState.ANY, events=events('d'))
    client.append_to_stream(name, current_version=StreamState.EXISTS, events=events('e'))
    assert client.get_current_version(name) == 4
    assert client.append_to_stream(name, current_version=StreamState.NO_STREAM, events=first) == position
    refused(errors.WrongCurrentVersionError, client.append_to_stream, name,
            current_version=1, events=events('x'))
    client.append_event(name, current_version=4, event=events('f')[0])
    client.append_events(name, current_version=5, events=events('g', 'h'))
    assert client.get_current_version(name) == 7


def reads_a_stream_both_ways():
    name, written = stream(), events(*'abcde')
    refused(errors.NotFoundError, client.get_stream, name)
    client.append_to_stream(name, current_version=StreamState.NO_STREAM, events=written)
    read = client.get_stream(name)
    assert ids(read) == ids(written)
    assert [(e.type, e.data, e.metadata, e.content_type) for e in read] == [
        (e.type, e.data, e.metadata, e.content_type) for e in written]
    assert [e.stream_position for e in read] == [0, 1, 2, 3, 4]
    assert ids(client.get_stream(name, backwards=True)) == ids(written)[::-1]
    assert ids(client.get_stream(name, stream_position=3)) == ids(written)[3:]
    assert ids(client.get_stream(name, stream_position=3, backwards=True)) == ids(written)[3::-1]
    assert ids(client.get_stream(name, limit=2)) == ids(written)[:2]


def keeps_any_bytes():
    name, data = stream(), bytes(range(256)) * 1000
    event = NewEvent(type='bytes', data=data, metadata=b'\xff', content_type='application/octet-stream')
    client.append_to_stream(name, current_version=StreamState.NO_STREAM, events=[event])
    read, = client.get_stream(name)
    assert (read.data, read.metadata, read.content_type) == (data, b'\xff', 'application/octet-stream')


def reads_everything_with_filters():
    name, before = stream(), client.get_commit_position()
    written = events('a', 'b')
    written += [NewEvent(type='other', data=b'{}')]
    client.append_to_stream(name, current_version=StreamState.NO_STREAM, events=written)
    mine = lambda **kwargs: [e.id for e in client.read_all(**kwargs) if e.stream_name == name]
    assert mine(commit_position=before) == ids(written)
    assert mine(backwards=True) == ids(written)[::-1]
    assert mine(filter_include=['labelled']) == ids(written[:2])
    assert mine(filter_exclude=['labelled']) == ids(written[2:])
    assert mine(filter_include=[name], filter_by_stream_name=True) == ids(written)
    assert mine(filter_include=['nothing'], filter_by_stream_name=True) == []
    assert len(list(client.read_all(limit=2))) == 2


def follows_a_stream():
    name, past, coming = stream(), events('a', 'b'), events('c')
    client.append_to_stream(name, current_version=StreamState.NO_STREAM, events=past)
    with client.subscribe_to_stream(name, include_caught_up=True) as following:
        got = [next(following) for _ in range(3)]
        assert ids(got[:2]) == ids(past) and isinstance(got[2], CaughtUp)
        client.append_to_stream(name, current_version=1, events=coming)
        assert next(following).id == coming[0].id
    with client.subscribe_to_stream(name, stream_position=1) as following:
        assert next(following).id == coming[0].id


def follows_everything_with_checkpoints():
    name, position = stream(), client.get_commit_position()
    with client.subscribe_to_all(commit_position=position, filter_include=['labelled'],
                                 include_checkpoints=True, window_size=1,
                                 checkpoint_interval_multiplier=5) as following:
        other = [NewEvent(type='other', data=b'{}') for _ in range(20)]
        client.append_to_stream(name, current_version=StreamState.NO_STREAM, events=other)
        written = events('a')
        client.append_to_stream(name, current_version=19, events=written)
        seen, checkpoints = None, 0
        for news in following:
            if isinstance(news, Checkpoint):
                checkpoints += 1
            elif news.id == written[0].id:
                seen = news
                break
        assert seen and checkpoints >= 4, checkpoints


def keeps_metadata():
    name = stream()
    assert client.get_stream_metadata(name) == ({}, StreamState.NO_STREAM)
    client.append_to_stream(name, current_version=StreamState.NO_STREAM, events=events(*'abcd'))
    client.set_stream_metadata(name, metadata={'$maxCount': 2, 'mine': 'yes'})
    metadata, version = client.get_stream_metadata(name)
    assert (metadata, version) == ({'$maxCount': 2, 'mine': 'yes'}, 0)
    assert [e.stream_position for e in client.get_stream(name)] == [2, 3]
    client.set_stream_metadata(name, metadata={'$tb': 3}, current_version=0)
    assert [e.stream_position for e in client.get_stream(name)] == [3]


def deletes_and_begins_anew():
    name = stream()
    refused(errors.NotFoundError, client.delete_stream, name, current_version=StreamState.ANY)
    client.append_to_stream(name, current_version=StreamState.NO_STREAM, events=events('a', 'b'))
    refused(errors.WrongCurrentVersionError, client.delete_stream, name, current_version=0)
    client.delete_stream(name, current_version=1)
    refused(errors.NotFoundError, client.get_stream, name)
    client.append_to_stream(name, current_version=StreamState.NO_STREAM, events=events('c'))
    assert [e.stream_position for e in client.get_stream(name)] == [2]


def tombstones_are_for_ever():
    name = stream()
    client.append_to_stream(name, current_version=StreamState.NO_STREAM, events=events('a'))
    client.tombstone_stream(name, current_version=0)
    refused(errors.StreamIsDeletedError, client.get_stream, name)
    refused(errors.StreamIsDeletedError, client.append_to_stream, name,
            current_version=StreamState.ANY, events=events('b'))
    refused(errors.StreamIsDeletedError, client.delete_stream, name, current_version=StreamState.ANY)


def shares_among_consumers():
    name, group, written = stream(), f'group-{uuid4()}', events('a', 'b', 'c')
    client.create_subscription_to_stream(group, name, message_timeout=1, max_retry_count=2)
    refused(errors.AlreadyExistsError, client.create_subscription_to_stream, group, name)
    client.append_to_stream(name, current_version=StreamState.NO_STREAM, events=written)
    with client.read_subscription_to_stream(group, name) as consumer:
        first = next(consumer)
        consumer.nack(first, action='retry')
        consumer.ack(next(consumer))
        consumer.ack(next(consumer))
        again = next(consumer)
        assert again.id == first.id and again.retry_count == 1
        consumer.ack(again)
    info = client.get_subscription_info(group, name)
    assert info.event_source == name and info.group_name == group
    client.delete_subscription(group, name)
    refused(errors.NotFoundError, client.get_subscription_info, group, name)


def appends_to_several_streams_at_once():
    one, two = stream(), stream()
    none = StreamState.NO_STREAM
    client.multi_append_to_stream([
        NewEvents(stream_name=one, current_version=none, events=events('a')),
        NewEvents(stream_name=two, current_version=none, events=events('b', 'c')),
    ])
    assert (client.get_current_version(one), client.get_current_version(two)) == (0, 1)
    refused(errors.WrongCurrentVersionError, client.multi_append_to_stream, [
        NewEvents(stream_name=one, current_version=0, events=events('d')),
        NewEvents(stream_name=two, current_version=none, events=events('e')),
    ])
    assert client.get_current_version(one) == 0, 'all or nothing'


def appends_records_if_checks_hold():
    one, two = stream(), stream()
    record = lambda name: NewRecord(stream_name=name, type='labelled', data=b'{}')
    result = client.append_records([record(one), record(two), record(one)])
    assert [(s.stream_name, s.stream_position) for s in result.stream_positions] == [(one, 1), (two, 0)]
    holds = StreamStateCheck(stream_name=two, expected_state=0)
    client.append_records([record(one)], checks=[holds])
    fails = StreamStateCheck(stream_name=two, expected_state=7)
    refused(errors.ConsistencyChecksFailedError, client.append_records, [record(one)], checks=[fails])
    assert client.get_current_version(one) == 2


parts = [part for part in list(globals().values())
         if getattr(part, '__module__', None) == '__main__' and callable(part)
         and part not in (stream, events, ids, refused)]
for part in parts:
    print(part.__name__, flush=True)
    part()
client.close()
print(f'ok: {len(parts)} parts')
