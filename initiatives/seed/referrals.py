"""The demo case that goes on in another municipality: published like any other, then referred by its leader today."""

from collections.abc import Iterable

from initiatives import services
from initiatives.models import Initiative
from initiatives.seed.plots import Plot
from portal.core import tenancy
from portal.core.actor import Actor


def refer_cases(published: Iterable[tuple[Plot, Initiative]]) -> None:
    """Refer what the texts say is to be referred to a municipality of the portal, through the use case itself.

    Called when all municipalities are there.
    """
    for plot, case in published:
        with tenancy.within(plot.town.id):
            there = tenancy.town(plot.record["refer_to"])
            note = plot.words["transfer"] % {"to": there.names[plot.town.language]}
            leader = Actor(
                user_id=plot.team.leader,
                municipality_id=plot.town.id,
                roles={plot.town.id: frozenset({"leader"})},
            )
            services.transfer(leader, case.id, "", note, there.slug)
