"""Bakes and reads badges with the PyPI packages openbadges-bakery (2.0) and openbadgeslib (2.0, 3.0).

Takes a line of JSON after the other from its input and answers each with one. A question names a
`picture` (base64), a `keyword` and, to bake, a `text`; `by` says which package is asked. With a `did`
document, the 3.0 credential in the picture is verified rather than shown.
"""
import base64
import io
import json
import sys

from openbadges_bakery import utils as bakery
from openbadgeslib import baking
from openbadgeslib.ob3.ldp import OB3LdpVerifier
from openbadgeslib.ob3.verifier import OB3Verifier

ELEMENTS = {
    'openbadges': {'element': baking.SVG_ELEMENT, 'namespace': baking.SVG_NS},
    'openbadgecredential': {'element': baking.SVG_ELEMENT_OB3, 'namespace': baking.SVG_NS_OB3},
}


def is_png(picture):
    return picture.startswith(b'\x89PNG')


def bake(by, picture, keyword, text):
    if by == 'openbadges-bakery':
        return bakery.bake(io.BytesIO(picture), text).read()
    if is_png(picture):
        return baking.bake_png(picture, text, keyword=keyword.encode())
    return baking.bake_svg(picture, text, as_text=text.startswith('{'), **ELEMENTS[keyword])


def unbake(by, picture, keyword):
    if by == 'openbadges-bakery':
        return bakery.unbake(io.BytesIO(picture))
    if is_png(picture):
        return baking.extract_png(picture, keyword=keyword.encode())
    return baking.extract_svg(picture, element=ELEMENTS[keyword]['element'], text_fallback=True)


def verify(picture, did):
    """What the package's own way from a picture to a verdict says."""
    read = OB3Verifier.extract_token_from_png if is_png(picture) else OB3Verifier.extract_token_from_svg
    verifier = OB3LdpVerifier.for_issuer_did(did['id'])
    credential = verifier.verify(read(picture), download=lambda url: json.dumps(did).encode())
    return {'verified': True, 'issuer': credential.issuer.id}


def answer(question):
    picture = base64.b64decode(question['picture'])
    if 'did' in question:
        return verify(picture, question['did'])
    if 'text' in question:
        baked = bake(question['by'], picture, question['keyword'], question['text'])
        return base64.b64encode(baked).decode()
    return unbake(question['by'], picture, question['keyword'])


for line in sys.stdin:
    try:
        print(json.dumps(answer(json.loads(line))))
    except Exception as error:
        print(json.dumps({'error': str(error)}))
