"""A partner's own reader of wire version 1: plain Python and docs/wire.md, nothing of Beaconfire.

Standard input holds one link a line: {"me", "partner", "realm", "keys": {nation: hex}, "signed": [base64, ...]}, in
order of arrival; the answer is a line {"verdicts": ["ok" or a word, ...], "contiguous", "head"}.
"""

# fmt: off
# mypy: ignore-errors
# ruff: noqa: E401, E701, I001, T201, B905
import base64, hashlib, json, struct, sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

RELEASED = "launch trajectory impact detection assessment sensor_status alert_notice withdrawal".split()
SIZES = {0xC4: "B", 0xC5: "H", 0xC6: "I", 0xD9: "B", 0xDA: "H", 0xDB: "I", 0xDC: "H", 0xDD: "I"}
NUMBERS = {0xCB: "d", 0xCC: "B", 0xCD: "H", 0xCE: "I", 0xCF: "Q"}
WORDS = {0xC0: None, 0xC2: False, 0xC3: True}
FORMS = {int: (0, 128, (0xCC, 0xCD, 0xCE, 0xCF)), str: (0xA0, 32, (0xD9, 0xDA, 0xDB)),
         list: (0x90, 16, (0xDC, 0xDD)), bytes: (0, 0, (0xC4, 0xC5, 0xC6))}


class Refused(Exception): """Not to be taken; says why."""


def sha256(*data): return hashlib.sha256(b"".join(data)).digest()


def unpack(data, at):  # one MessagePack value, and where it ends
    code, at = data[at], at + 1
    if code < 0x80 or code in WORDS:
        return WORDS.get(code, code), at
    count, form = code & (15 if code < 0xA0 else 31), NUMBERS.get(code) or SIZES.get(code)
    if form:
        count, at = struct.unpack_from(">" + form, data, at)[0], at + struct.calcsize(form)
    elif not 0x90 <= code < 0xC0:
        raise ValueError(code)
    if code in (0xDC, 0xDD) or code < 0xA0:
        values = []
        for _ in range(count):
            value, at = unpack(data, at)
            values.append(value)
        return values, at
    raw = b"" if code in NUMBERS else data[at : at + count]
    return (count if code in NUMBERS else raw if code <= 0xC6 and code >= 0xC4 else raw.decode()), at + len(raw)


def pack(value):  # the one form of a value
    if value is None or isinstance(value, bool):
        return bytes(code for code, word in WORDS.items() if word is value)
    if isinstance(value, float):
        return struct.pack(">Bd", 0xCB, value)
    body = {int: lambda: b"", str: lambda: value.encode(), bytes: lambda: value,
            list: lambda: b"".join(map(pack, value))}[type(value)]()
    count = value if isinstance(value, int) else len(value if isinstance(value, list) else body)
    small, limit, codes = FORMS[type(value)]
    if count < limit:
        return bytes([small + count]) + body
    code = next(code for code in codes if count < 1 << 8 * struct.calcsize((NUMBERS | SIZES)[code]))
    return struct.pack(">B" + (NUMBERS | SIZES)[code], code, count) + body


def fields(data, count):  # of one record, in its one form
    try:
        value, end = unpack(data, 0)
        if end == len(data) and isinstance(value, list) and len(value) == count and pack(value) == data: return value
    except (IndexError, ValueError, struct.error, RecursionError): pass
    raise Refused("malformed")


def check(key, signature, data, word):
    try: Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(signature, data)
    except (InvalidSignature, ValueError): raise Refused(word) from None


def parts(data):  # of one message: the envelopes with their second signatures, the signature, what it is over
    tag, unsigned, signature, second = fields(data, 4)
    if tag != "bundle":
        return [(unsigned, second)], signature, unsigned if tag == "signed" else b""
    level = [sha256(b"\0", one) for one in unsigned]
    while len(level) > 1:
        level = [sha256(b"\1", *two) for two in zip(level[::2], level[1::2])] + level[len(level) - len(level) % 2 :]
    return list(zip(unsigned, second)), signature, pack(["bundle_root", len(unsigned), level[0]])


def opened(unsigned, second, link):  # an envelope that may be taken: its place in the chain, its hash, a void's words
    tag, form, sender, recipient, realm, *place, kind, content = fields(unsigned, 10)
    rules = {"realm": tag == link["realm"].lower() + "/envelope" and realm == link["realm"], "format": form == 1,
             "sender": sender == link["partner"], "recipient": recipient == link["me"], "origin": not second}
    if kind in RELEASED:
        _, _, originator, its_realm, releasable_to, onward, _, its_kind, *_ = fields(content, 17)
        own = originator == sender
        rules |= {"realm": rules["realm"] and its_realm == realm, "kind": its_kind == kind,
                  "label": link["me"] in (releasable_to if own else onward)}
        if rules["realm"] and rules["sender"] and (onward or not own):
            known = originator in link["keys"]
            check(link["keys"].get(originator, ""), second, content, "origin" if known else "unpinned")
            rules["origin"] = True
    for word in (word for word, holds in rules.items() if not holds): raise Refused(word)
    return *place, sha256(unsigned), fields(content, 5) if kind == "void" else None


for line in sys.stdin:
    link, verdicts, chains, voids = json.loads(line), [], {}, []
    for data in link["signed"]:
        try:
            inside, signature, words = parts(base64.b64decode(data))
            check(link["keys"][link["partner"]], signature, words, "signature")
            taken = [opened(*one, link) for one in inside]
            voids += [(epoch, *void) for epoch, _, _, _, void in taken if void]
            same = [chains.setdefault(epoch, {}).setdefault(number, (digest, previous))[0] == digest
                    for epoch, number, previous, digest, _ in taken]
            verdicts.append("ok" if all(same) else "equivocation")
        except Refused as refusal: verdicts.append(str(refusal))
    newest, at, head, more = max(chains, default=0), 0, None, True
    while more:
        digest, previous = chains.get(newest, {}).get(at + 1, (None, b""))
        void = next((void for void in voids if void[0] == newest and void[1] <= at + 1 <= void[2]), None)
        if digest and head in (None, previous): at, head = at + 1, digest
        elif void: at, head = void[2], void[4]
        else: more = False
    print(json.dumps({"verdicts": verdicts, "contiguous": at, "head": head.hex() if head else ""}))
