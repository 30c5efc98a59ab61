"""``horarium export imip-agent``: the site, as imip-agent would keep it."""

from pathlib import Path

from horarium.cli.exits import CannotWrite
from horarium.cli.findings import tell
from horarium.cli.invocation import Invocation
from horarium.runtime.imip_agent_export import export_imip_agent
from horarium.runtime.wiring import open_store


def export_agent(invocation: Invocation, folder: Path) -> int:
    """Write the site below `folder`; status 1 when something could not be written."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CannotWrite(f"{folder} is there already: nothing was written")
    store = open_store(invocation.site, invocation.settings, invocation.clock, create=False)
    found = export_imip_agent(store, invocation.settings, folder, invocation.clock.now())
    return tell(invocation, found, "written")
