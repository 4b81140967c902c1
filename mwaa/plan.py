"""What a deployment has to do: what is to be there against what is there. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mwaa.bundle import ARTIFACTS, DAGS


@dataclass(frozen=True, kw_only=True)
class Found:
    """What is there. Each is path in the bundle → SHA-256 of the content, where that is known.

    Args:
        sent: what earlier deployments have put there, by their own record: only that may ever be deleted.
        objects: what the bucket holds now under the paths of the bundle and of the record.
        running: the artifacts that the environment runs with.
    """

    sent: Mapping[str, str] = field(default_factory=dict)
    objects: Mapping[str, str] = field(default_factory=dict)
    running: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be done, in this order: artifacts, update, DAG files, deletions.

    Args:
        artifacts, dags: paths to upload. update: the artifacts whose change takes an update of the environment.
        delete: paths that an earlier deployment has put there and this bundle does not have. foreign: such paths where
            somebody else has put something else meanwhile. same: how many paths stay.
    """

    artifacts: tuple[str, ...]
    update: tuple[str, ...]
    dags: tuple[str, ...]
    delete: tuple[str, ...]
    foreign: tuple[str, ...]
    same: int

    @property
    def lines(self) -> tuple[str, ...]:
        """The plan for a person."""
        steps = [f"upload  {path}" for path in self.artifacts]
        if self.update:
            steps.append(f"update  the environment, for {', '.join(self.update)} (20 to 30 minutes on AWS)")
        steps += [f"upload  {path}" for path in self.dags]
        steps += [f"delete  {path}" for path in self.delete]
        steps += [f"leave   {path}, which is not as it was sent" for path in self.foreign]
        return (*steps, f"keep    {self.same} files as they are")


def plan(wanted: Mapping[str, str], found: Found) -> Plan:
    """The plan that leads from `found` to `wanted` (path → SHA-256).

    >>> plan({"dags/a.py": "1"}, Found(sent={"dags/b.py": "2"}, objects={"dags/b.py": "2"})).lines
    ('upload  dags/a.py', 'delete  dags/b.py', 'keep    0 files as they are')
    """
    update = tuple(path for path in ARTIFACTS if path in wanted and found.running.get(path) != wanted[path])
    artifacts = tuple(path for path in ARTIFACTS if path in wanted and found.objects.get(path) != wanted[path])
    of_dags = [path for path in wanted if path.startswith(DAGS)]
    dags = sorted((path for path in of_dags if found.objects.get(path) != wanted[path]), key=_vocabulary_first)
    gone = [path for path in found.sent if path.startswith(DAGS) and path in found.objects and path not in wanted]
    delete = [path for path in gone if found.objects[path] == found.sent[path]]
    return Plan(
        artifacts=artifacts,
        update=update,
        dags=tuple(dags),
        delete=tuple(sorted(delete, key=_vocabulary_first, reverse=True)),
        foreign=tuple(sorted(set(gone) - set(delete))),
        same=len(wanted) - len(dags) - len({*artifacts, *update}),
    )


def _vocabulary_first(path: str) -> tuple[int, str]:
    """DAG files come after what they import, and go before it."""
    return (-path.count("/"), path)
