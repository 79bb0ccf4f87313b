"""The server's configuration file: who may enter, under which name, and what each may say and hear.

A partner that is *granted* has a user (it dials our listener) or a remote (we dial its); one that is not has neither,
so it cannot connect at all. Its boundary account stays, for our own client: what is there is emptied, not lost from
sight.

Traps (EXCHANGE part 9): `no_advertise`, or gossip goes around the link; `compression: off`; no `no_auth_user` beside a
leaf listener; small `max_pending`, or a slow reader costs 64 MiB. A reload is refused as a whole when it would change
the listener or its pins (measured with 2.15.1), so those follow from the partners known, never from the grants.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from beaconfire.kernel import limits
from beaconfire.shell import keys, pki
from beaconfire.shell.bundles import Partner
from beaconfire.shell.config import NodeConfig
from beaconfire.shell.topology import Lane, quoted


def render(
    config: NodeConfig, partners: Sequence[Partner], *, epochs: Mapping[str, int], granted: Collection[str]
) -> str:
    """Return the server's configuration; `granted` names the partners that may connect."""
    tls, store = Path(config.folder) / keys.TLS_FOLDER, config.path(config.data) / "broker"
    broker, realm, sync = config.broker, config.realm, "always" if config.broker.sync_always else "2m"
    pairs = max(1, len(partners))
    disk, memory = pairs * (limits.INBOX_MAX_BYTES + limits.OUTBOX_MAX_BYTES), pairs * limits.NOW_MAX_BYTES
    return f"""# Written by Beaconfire at each start; do not edit.
server_name: "{config.nation}-{realm}"
listen: "{broker.host}:{broker.client_port}"
max_payload: {2 * limits.MAX_BUNDLE_BYTES}
max_pending: {8 * 1024 * 1024}
ping_interval: "1s", ping_max: 2
write_deadline: "5s"
tls {{
  {_certificate(tls, "server")}, ca_file: "{tls / "ca.pem"}"
  verify_and_map: true, min_version: "1.3", timeout: 5
}}
jetstream {{
  store_dir: "{store}", domain: "{config.nation}", max_file: {disk}, max_mem: {memory}
  sync_interval: {sync}
}}
accounts {{
  SYS {{ users: [ {{ user: "{pki.mapped_user("system", realm)}" }} ] }}
  NAT {{ jetstream: enabled, users: [ {{ user: "{pki.mapped_user("national", realm)}" }} ] }}
{chr(10).join(_account(config, partner, epochs[partner.nation], granted) for partner in partners)}
}}
system_account: SYS
{_leafnodes(config, partners, epochs, granted)}
"""


def write_trust(config: NodeConfig, partners: Sequence[Partner]) -> None:
    """Write the certificates that the leaf listener trusts, and each dialed partner's alone."""
    tls = Path(config.folder) / keys.TLS_FOLDER
    listed = b"".join(pki.pem(partner.link_certificate) for partner in partners if not partner.dial)
    pki.write_public(tls / "links.pem", listed)
    for partner in partners:
        pki.write_public(tls / f"link-{partner.nation}.pem", pki.pem(partner.link_certificate))


def _certificate(tls: Path, name: str) -> str:
    return f'cert_file: "{tls / f"{name}.pem"}", key_file: "{tls / f"{name}.key"}"'


def _account(config: NodeConfig, partner: Partner, epoch: int, granted: Collection[str]) -> str:
    lane = Lane(config.nation, partner.nation, realm=config.realm, epoch=epoch)
    users = [f'{{ user: "{pki.mapped_user(partner.certificate_name, config.realm)}" }}']
    if not partner.dial and partner.nation in granted:
        users.append(
            f'{{ user: "{pki.mapped_user(f"{partner.nation}-link", config.realm)}", permissions: {{\n'
            f"      publish: {{ allow: {quoted(lane.may_enter())} }}\n"
            f"      subscribe: {{ allow: {quoted(lane.may_leave())} }} }} }}"
        )
    return f"  {lane.account} {{ jetstream: enabled, users: [\n    " + "\n    ".join(users) + "\n  ] }"


def _leafnodes(
    config: NodeConfig, partners: Sequence[Partner], epochs: Mapping[str, int], granted: Collection[str]
) -> str:
    tls = Path(config.folder) / keys.TLS_FOLDER
    parts = ['reconnect: "250ms"', "no_advertise: true", "compression: off"]
    if any(not partner.dial for partner in partners):
        pins = [pki.key_pin(partner.link_certificate) for partner in partners]  # the server holds dialed ones to it too
        parts.append(f'listen: "{config.broker.host}:{config.broker.link_port}"')
        parts.append(
            f'tls {{ {_certificate(tls, "link")}, ca_file: "{tls / "links.pem"}", verify_and_map: true, '
            f'min_version: "1.3", timeout: 5, pinned_certs: {quoted(pins)} }}'
        )
    dialed = [partner for partner in partners if partner.dial and partner.nation in granted]
    remotes = [_remote(config, partner, epochs[partner.nation]) for partner in dialed]
    parts.append("remotes: [\n    " + "\n    ".join(remotes) + "\n  ]")
    return "leafnodes {\n  " + "\n  ".join(parts) + "\n}"


def _remote(config: NodeConfig, partner: Partner, epoch: int) -> str:
    tls = Path(config.folder) / keys.TLS_FOLDER
    lane = Lane(config.nation, partner.nation, realm=config.realm, epoch=epoch)
    return (
        f'{{ url: "tls://{partner.host}:{partner.port}", account: "{lane.account}", compression: off\n'
        f"      deny_imports: {quoted(lane.never_enter())}\n"
        f"      deny_exports: {quoted(lane.never_leave())}\n"
        f'      tls {{ {_certificate(tls, "link")}, ca_file: "{tls / f"link-{partner.nation}.pem"}", '
        f'min_version: "1.3", timeout: 5 }} }}'
    )
