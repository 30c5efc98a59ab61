"""The configuration by which mail systems hand mail over (docs/guide/postfix.md and its kin)."""

from collections.abc import Sequence

from horarium.transport.endpoint import Endpoint, UnixSocket

SYSTEMS = ("postfix", "exim", "dovecot")
Part = tuple[str, str]


def snippet(system: str, lmtp: Endpoint, addresses: Sequence[str], site: str) -> list[Part]:
    """For each file of the mail system ``system``: its name and the lines to put there, so that
    mail for ``addresses`` reaches the daemon at ``lmtp``."""
    writer = {"postfix": _postfix, "exim": _exim, "dovecot": _dovecot}[system]
    return writer(lmtp, addresses or ("room@example.com",), site)


def _postfix(lmtp: Endpoint, addresses: Sequence[str], site: str) -> list[Part]:
    hop = f"lmtp:{lmtp}" if isinstance(lmtp, UnixSocket) else f"lmtp:inet:{lmtp}"
    width = max(map(len, addresses))
    table = "".join(f"{address:{width}}  {hop}\n" for address in addresses)
    main = (
        "# Add the table to what these parameters already hold.\n"
        "transport_maps = texthash:/etc/postfix/horarium\n"
        "# The addresses must be known, or they are refused before the table is asked: by the\n"
        "# first line where their domain is in mydestination, by the second where it is in\n"
        "# virtual_mailbox_domains, by the third where it is in relay_domains.\n"
        "local_recipient_maps = proxy:unix:passwd.byname $alias_maps\n"
        "  texthash:/etc/postfix/horarium\n"
        "#virtual_mailbox_maps = texthash:/etc/postfix/horarium\n"
        "#relay_recipient_maps = texthash:/etc/postfix/horarium\n"
    )
    pipe = (
        "# Only where LMTP cannot be used: one program for each message. In the table write\n"
        "# horarium: instead of the lmtp: words.\n"
        "#horarium unix - n n - 4 pipe\n"
        "#  user=horarium null_sender=<>\n"
        f"#  argv=/usr/bin/horarium --site {site} deliver\n"
        "#    -s ${sender} -r ${original_recipient}\n"
    )
    return [
        ("/etc/postfix/horarium", table),
        ("/etc/postfix/main.cf", main),
        ("/etc/postfix/master.cf", pipe),
    ]


def _exim(lmtp: Endpoint, addresses: Sequence[str], site: str) -> list[Part]:
    listed = "".join(f"{address}\n" for address in addresses)
    router = (
        "horarium:\n"
        "  driver = accept\n"
        "  condition = ${lookup{$local_part@$domain}lsearch{/etc/exim4/horarium}{yes}{no}}\n"
        "  transport = horarium\n"
    )
    if isinstance(lmtp, UnixSocket):
        transport = f"horarium:\n  driver = lmtp\n  socket = {lmtp.path}\n  batch_max = 1\n"
    else:
        host, _, port = str(lmtp).rpartition(":")
        transport = (
            "horarium:\n"
            "  driver = smtp\n"
            "  protocol = lmtp\n"
            f"  hosts = {host}\n"
            f"  port = {port}\n"
            "  hosts_override\n"
            "  allow_localhost\n"
        )
        router = router.replace(
            "driver = accept\n",
            f'driver = manualroute\n  route_list = "* {host}"\n  self = send\n',
        )
    return [
        ("/etc/exim4/horarium", listed),
        ("the routers section, before the one for local users", router),
        ("the transports section", transport),
    ]


def _dovecot(lmtp: Endpoint, addresses: Sequence[str], site: str) -> list[Part]:
    tests = ", ".join(f'"{address}"' for address in addresses)
    sieve = (
        'require ["envelope", "vnd.dovecot.pipe"];\n'
        f'if envelope :all :is "to" [{tests}] {{\n'
        '    pipe "horarium";\n'
        "    stop;\n"
        "}\n"
    )
    program = (
        "#!/bin/sh\n"
        "# Sieve gives the envelope in the environment; an empty sender is the null one.\n"
        f'exec /usr/bin/horarium --site {site} deliver -s "${{SENDER:-<>}}" -r "$RECIPIENT"\n'
    )
    plugin = (
        "plugin {\n"
        "  sieve_plugins = sieve_extprograms\n"
        "  sieve_global_extensions = +vnd.dovecot.pipe\n"
        "  sieve_pipe_bin_dir = /etc/dovecot/sieve-pipe\n"
        "  sieve_before = /etc/dovecot/horarium.sieve\n"
        "}\n"
    )
    return [
        ("/etc/dovecot/horarium.sieve", sieve),
        ("/etc/dovecot/sieve-pipe/horarium (mode 0755)", program),
        ("/etc/dovecot/conf.d/90-sieve.conf", plugin),
    ]
