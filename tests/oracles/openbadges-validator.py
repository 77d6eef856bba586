"""Judges Open Badges 2.0 with 1EdTech's validator core (PyPI openbadges 1.1.2).

usage: openbadges-validator.py CASES [PORT]

CASES is a JSON file with `cases` (name, input, recipient) and, if they are to be served, `files` by
path (status, body): these are served at 127.0.0.1:PORT. Prints a verdict for each case as JSON.
"""
import base64
import collections
import collections.abc
import inspect
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# What its dependencies of 2017 look for in a Python that still had it.
for name in ('Callable', 'Iterable', 'Mapping', 'MutableMapping', 'Sequence'):
    setattr(collections, name, getattr(collections.abc, name))
inspect.getargspec = lambda function: inspect.getfullargspec(function)[:4]

import requests  # noqa: E402
from openbadges.verifier import verify  # noqa: E402
from openbadges.verifier.openbadges_context import OPENBADGES_CONTEXT_V2_DICT  # noqa: E402

PIXEL = base64.b64decode('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==')
EXTENSION = {
    '/extension/context.json': lambda base: {
        '@context': {'obi': 'https://w3id.org/openbadges#', 'extensions': 'https://w3id.org/openbadges/extensions#'},
        'obi:validation': [{
            'obi:validatesType': 'extensions:Named',
            'obi:validationSchema': base + '/extension/schema.json',
        }],
    },
    '/extension/schema.json': lambda base: {'type': 'object', 'properties': {'name': {'type': 'string'}}},
}


def serve(files, port):
    base = 'http://127.0.0.1:%d' % port

    class Files(BaseHTTPRequestHandler):
        def do_GET(self):
            file = files.get(self.path)
            if self.path.endswith('.png'):
                self.answer(200, 'image/png', PIXEL)
            elif self.path in EXTENSION:
                self.answer(200, 'application/ld+json', json.dumps(EXTENSION[self.path](base)).encode())
            elif file is None:
                self.answer(404, 'application/json', b'{}')
            else:
                self.answer(file['status'], 'application/ld+json', json.dumps(file['body']).encode())

        def answer(self, status, kind, body):
            self.send_response(status)
            self.send_header('Content-Type', kind)
            self.send_header('Content-Length', str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(('127.0.0.1', port), Files)
    threading.Thread(target=server.serve_forever, daemon=True).start()


fetch = requests.Session.get


def local(session, url, **options):
    """The context out of the package, this machine, and nothing else."""
    if url == 'https://w3id.org/openbadges/v2':
        answer = requests.Response()
        answer.status_code = 200
        answer.from_cache = True
        answer._content = json.dumps(OPENBADGES_CONTEXT_V2_DICT).encode()
        return answer
    if not url.startswith(('http://127.0.0.1:', 'http://localhost:')):
        raise requests.ConnectionError('there is no network here: ' + url)
    return fetch(session, url, timeout=10, **options)


requests.Session.get = local


def judge(case):
    given = case['input']
    if given.startswith('file:'):
        with open(given[5:], 'rb') as picture:
            report = verify(picture, case.get('recipient'), use_cache=False, cache_backend=None)
    else:
        report = verify(given, case.get('recipient'), use_cache=False, cache_backend=None)
    messages = [m['result'] for m in report['report']['messages'] if m['messageLevel'] == 'ERROR']
    return {'name': case['name'], 'valid': report['report']['valid'], 'errors': messages}


def main():
    with open(sys.argv[1]) as file:
        world = json.load(file)
    if len(sys.argv) > 2:
        serve(world['files'], int(sys.argv[2]))
    print(json.dumps([judge(case) for case in world['cases']]))


main()
