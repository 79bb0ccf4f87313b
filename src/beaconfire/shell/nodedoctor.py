"""The health of one node's folder: configuration, modes of secrets, dates, walls of the realm, a running node.

No passphrase is asked: what is looked at are modes, public halves and dates; `node check` opens the keys themselves.
"""

import datetime as dt
import json
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec
from cryptography import x509

from beaconfire.kernel.errors import BeaconfireError, InvalidInput
from beaconfire.kernel.labels import Realm
from beaconfire.shell import keys, pki
from beaconfire.shell.broker import server_binary, sha256_of
from beaconfire.shell.bundles import PARTNERS_FOLDER, SignedBundle
from beaconfire.shell.config import NODE_FILE, NodeConfig, load_config
from beaconfire.shell.control import SOCKET
from beaconfire.shell.doctor import Finding, disk_finding, port_is_free

SOON = dt.timedelta(days=30)
_CONNECT_S = 2.0
_SECRETS = ("keys/*.key", "keys/id.secret", "tls/*.key", "people/*.key", NODE_FILE)


def examine_node(folder: Path, *, now: dt.datetime) -> Iterator[Finding]:
    """Look at the node in `folder` (or of a `node.toml`) as it is at `now`; an unreadable one is a single fault."""
    try:
        config = load_config(folder if folder.suffix == ".toml" else folder / NODE_FILE)
    except InvalidInput as error:
        for fault in error.faults:
            yield Finding("node", "fault", str(fault), "mend the file, or `beaconfire init` a new node")
        return
    root = Path(config.folder)
    yield Finding("node", "ok", f"{config.nation} {config.realm} in {root}")
    yield from _modes(root)
    yield from _walls(config, root)
    yield from _certificates(root, now)
    yield _broker_binary(config)
    data = config.path(config.data)
    yield disk_finding(data if data.is_dir() else root)
    yield from _running(config, root)


def _modes(root: Path) -> Iterator[Finding]:
    checked = [path for pattern in _SECRETS for path in sorted(root.glob(pattern))]
    open_to_others = [path for path in checked if stat.S_IMODE(path.stat().st_mode) & 0o077]
    for path in open_to_others:
        mode = stat.S_IMODE(path.stat().st_mode)
        yield Finding("secrets", "fault", f"{path} has mode {mode:04o}", f"chmod 600 {path}")
    if not open_to_others:
        yield Finding("secrets", "ok", f"{len(checked)} files are readable by their owner alone")


def _walls(config: NodeConfig, root: Path) -> Iterator[Finding]:
    """Every key and certificate is of the node's realm: none of the other one is there to be used by mistake."""
    wrong = [*_foreign_credentials(config, root), *_foreign_certificates(config, root), *_foreign_bundles(config, root)]
    for words in wrong:
        yield Finding("realm", "fault", words, f"a {config.realm} node holds only what was made for {config.realm}")
    if not wrong:
        yield Finding("realm", "ok", f"keys, certificates and partners are all of {config.realm}")
    live = config.realm is Realm.LIVE
    for name in ("node", "journal", "root"):
        path = root / keys.KEYS_FOLDER / f"{name}.key"
        if live and path.exists() and b"ENCRYPTED" not in path.read_bytes():
            yield Finding("realm", "fault", f"{path} of a LIVE node is not encrypted", "make it anew with a passphrase")
    if live and (root / keys.KEYS_FOLDER / "root.key").exists():
        todo = "keep it offline; it is needed only to sign bundles, people and rules"
        yield Finding("root key", "warn", "the nation's root key lies in the folder of a LIVE node", todo)


def _foreign_credentials(config: NodeConfig, root: Path) -> Iterator[str]:
    path = root / keys.KEYS_FOLDER / "credentials.json"
    try:
        credentials = msgspec.json.decode(path.read_bytes(), type=list[keys.Credential])
        public = keys.read_public_key(root / keys.KEYS_FOLDER / "root.pub")
    except (OSError, msgspec.DecodeError, InvalidInput) as error:
        yield f"{path}: cannot be read: {error}"
        return
    for item in credentials:
        if (item.nation, item.realm) != (config.nation, config.realm):
            yield f"{path}: the {item.role} key is {item.nation}'s for {item.realm}"
        elif not keys.credential_holds(item, public):
            yield f"{path}: the {item.role} key is not signed by the root"


def _foreign_certificates(config: NodeConfig, root: Path) -> Iterator[str]:
    for path, certificate in _own_certificates(root):
        organization = pki.organization(certificate)
        if organization != pki.realm_name(config.realm):
            yield f"{path} is of {organization}"


def _foreign_bundles(config: NodeConfig, root: Path) -> Iterator[str]:
    for path in sorted((root / PARTNERS_FOLDER).glob("*.json")):
        try:
            bundle = json.loads(msgspec.json.decode(path.read_bytes(), type=SignedBundle).bundle)
            realm = bundle["realm"]
        except (OSError, ValueError, KeyError, TypeError, msgspec.DecodeError) as error:
            yield f"{path}: is no bundle: {error}"
            continue
        if realm != config.realm:
            yield f"{path} is for {realm}"


def _own_certificates(root: Path) -> Iterator[tuple[Path, x509.Certificate]]:
    for path in sorted([*(root / keys.TLS_FOLDER).glob("*.pem"), *(root / keys.KEYS_FOLDER).glob("*.pem")]):
        data = path.read_bytes()
        if b"BEGIN CERTIFICATE" not in data:
            continue
        try:
            yield from ((path, certificate) for certificate in x509.load_pem_x509_certificates(data))
        except ValueError:
            continue  # its user says so: `node check`


def _certificates(root: Path, now: dt.datetime) -> Iterator[Finding]:
    ends: list[dt.datetime] = []
    for path, certificate in _own_certificates(root):
        begins, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        ends.append(end)
        if now < begins:
            yield Finding("certificates", "fault", f"{path} is valid from {begins:%Y-%m-%d}", "set the clock right")
        elif now >= end:
            yield Finding("certificates", "fault", f"{path} expired on {end:%Y-%m-%d}", "issue it anew")
        elif now >= end - SOON:
            yield Finding("certificates", "warn", f"{path} expires on {end:%Y-%m-%d}", "issue it anew before")
    if not ends:
        yield Finding("certificates", "fault", f"none in {root / keys.TLS_FOLDER}", "`beaconfire init` a new node")
    elif min(ends) > now + SOON:
        yield Finding("certificates", "ok", f"{len(ends)}, the first expires on {min(ends):%Y-%m-%d}")


def _broker_binary(config: NodeConfig) -> Finding:
    try:
        path = server_binary(config)
    except BeaconfireError as error:
        return Finding("broker", "fault", str(error), "install the server, or set broker.server and its SHA-256")
    pinned = bool(config.broker.server_sha256)
    words = f"{path}, SHA-256 {sha256_of(path)} {'as pinned' if pinned else 'not pinned'}"
    if config.realm is Realm.LIVE and not pinned:
        return Finding("broker", "warn", words, "set broker.server_sha256 in node.toml")
    return Finding("broker", "ok", words)


def _running(config: NodeConfig, root: Path) -> Iterator[Finding]:
    broker, console = config.broker, config.console
    named = [(broker.host, broker.client_port), (broker.host, broker.link_port)]
    if console.port:
        named.append((console.host, console.port))
    taken = [port for host, port in named if not port_is_free(host, port)]
    if not _answers(root / SOCKET):
        if taken:
            words = f"the node does not run, but somebody has {', '.join(map(str, taken))}"
            yield Finding("running", "fault", words, "end that program, or give the node other ports")
        else:
            yield Finding("running", "ok", "the node does not run; its ports are free")
        return
    accepting = [broker.client_port, *([console.port] if console.port else [])]  # links: only if a partner dials us
    missing = [port for port in accepting if port not in taken]
    if missing:
        words = f"the node runs, but nobody accepts at {', '.join(map(str, missing))}"
        yield Finding("running", "fault", words, f"look into {root / config.data / 'broker' / 'server.log'}")
    else:
        yield Finding("running", "ok", "the node runs, and what it serves accepts connections")


def _answers(path: Path) -> bool:
    """Whether a process listens on the node's local socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(_CONNECT_S)
        try:
            client.connect(str(path))
        except OSError:
            return False
    return True
