"""What a pair brings against what the target has: the same, or more that may stay empty."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sichern.tenancy.catalog import Catalog, CatalogTable
from sichern.tenancy.errors import (
    HostDiffers,
    ManifestDamaged,
    PairNewer,
    PairOlder,
    Problem,
    SchemaDiffers,
)
from sichern.tenancy.manifest import EXTERNAL, Manifest, ManifestReference, ManifestTable
from sichern.tenancy.model import ForeignLink, TenancyModel, TenantTable, link_columns
from sichern_hooks import N_, Polymorphic, Role, SystemIdentity

Filled = Mapping[str, tuple[int, int]]
"""Rows and identities of each table, as the info file counts them."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A pair that fits. `versions` maps modules, and the host, to their versions there and here
    where they differ."""

    versions: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def compare(
    manifest: Manifest,
    filled: Filled,
    source: SystemIdentity,
    target: SystemIdentity,
    model: TenancyModel,
    catalog: Catalog,
) -> Comparison:
    """Hold the pair's tables against those of the target, described by `model` and `catalog`.

    Every module, table and column of the pair must be here with the same meaning, whether the
    pair has rows in it or not. The target may have more: modules, tables, and columns that can
    be left out of a row.

    Raises HostDiffers, PairOlder, PairNewer, SchemaDiffers with every difference, and
    ManifestDamaged where `filled` has a table that the manifest does not describe.
    """
    if unknown := sorted(filled.keys() - manifest.tables.keys()):
        raise ManifestDamaged(reason=", ".join(unknown)[:500])
    _check_host(source, target)
    problems = [
        *_modules(source, target),
        *(
            problem
            for table in manifest.tables.values()
            for problem in _Compared(manifest, table, model, catalog).problems()
        ),
    ]
    if problems:
        raise SchemaDiffers(problems)
    return Comparison(versions=_versions(source, target))


def _check_host(source: SystemIdentity, target: SystemIdentity) -> None:
    """Another series of a host has other tables, of which only its own upgrade knows."""
    if source.host != target.host:
        raise HostDiffers(there=source.host, here=target.host)
    there, here = _series(source.host_version), _series(target.host_version)
    if there != here:
        error = PairOlder if there < here else PairNewer
        raise error(host=source.host, there=source.host_version, here=target.host_version)


def _series(version: str) -> tuple[int, ...]:
    """The first two numbers of a version."""
    return tuple(int(number[:9]) for number in re.findall(r"[0-9]+", version)[:2])


def _modules(source: SystemIdentity, target: SystemIdentity) -> Iterator[Problem]:
    missing = sorted(source.modules.keys() - target.modules.keys())
    if missing:
        yield Problem(
            table="",
            message=N_("modules of the backup are missing here: %(detail)s"),
            hint=N_("activate them in this system, in these versions"),
            detail=", ".join(f"{name} {source.modules[name]}".strip() for name in missing),
        )


def _versions(source: SystemIdentity, target: SystemIdentity) -> dict[str, tuple[str, str]]:
    there = {source.host: source.host_version, **source.modules}
    here = {target.host: target.host_version, **target.modules}
    return {
        name: (version, here[name])
        for name, version in sorted(there.items())
        if name in here and here[name] != version
    }


@dataclass(frozen=True)
class _Compared:
    """One table of the pair against the one of the same name here."""

    manifest: Manifest
    there: ManifestTable
    model: TenancyModel
    catalog: Catalog

    def problems(self) -> Iterator[Problem]:
        """What keeps the table's rows out."""
        here = self.model.tables.get(self.there.name)
        found = self.catalog.tables.get(self.there.name)
        if here is None or found is None:
            yield self._problem(
                N_("the table %(table)s is missing here"),
                N_("activate the module that brings it, in the version of the backup"),
            )
            return
        if here.role is not self.there.role or here.tenant != self.there.tenant:
            # Columns of a table that is private here are not known; there is nothing to add.
            yield self._problem(
                N_("the rows of %(table)s belong to somebody else here: %(detail)s"),
                N_("describe the table here as there, or use the backup's version of Sichern"),
                f"{_belongs(self.there.role, self.there.tenant)} -> "
                f"{_belongs(here.role, here.tenant)}",
            )
            return
        if here.key != self.there.key:
            yield self._problem(
                N_("the table %(table)s has another primary key here: %(detail)s"),
                _UPDATE,
                f"{', '.join(self.there.key)} -> {', '.join(here.key)}",
            )
        yield from self._columns(here, found)
        yield from self._additional(here, found)
        yield from self._references(here)

    def _problem(self, message: str, hint: str, detail: Iterable[str] | str = "") -> Problem:
        text = detail if isinstance(detail, str) else ", ".join(detail)
        return Problem(table=self.there.name, message=message, hint=hint, detail=text)

    def _columns(self, here: TenantTable, found: CatalogTable) -> Iterator[Problem]:
        wires = {column.name: column.wire for column in here.columns}
        present = {column.name for column in found.columns}
        lacking = [column.name for column in self.there.columns if column.name not in present]
        documents = {document.label for document in here.documents}
        lacking.extend(label for label in self.there.documents if label not in documents)
        if lacking:
            yield self._problem(
                N_("columns of %(table)s are missing here: %(detail)s"), _UPDATE, lacking
            )
        hidden = [
            column.name
            for column in self.there.columns
            if column.name in present and column.name not in wires
        ]
        if hidden:
            yield self._problem(
                N_("columns of %(table)s are secrets or documents here: %(detail)s"),
                N_("use the backup's version of Sichern, or back up again with this one"),
                hidden,
            )
        changed = [
            f"{column.name} {column.wire} -> {wires[column.name]}"
            for column in self.there.columns
            if wires.get(column.name, column.wire) != column.wire
        ]
        if changed:
            yield self._problem(
                N_("columns of %(table)s have another type here: %(detail)s"), _UPDATE, changed
            )

    def _additional(self, here: TenantTable, found: CatalogTable) -> Iterator[Problem]:
        """Columns that only the target has, and that no row may go without."""
        if here.role in (Role.SYSTEM, Role.IDENTITY) and here.tenant is None:
            return  # no row of the pair goes in here
        archived = {column.name for column in here.columns}
        known = {column.name for column in self.there.columns} | here.derived
        demanded = [
            column.name
            for column in found.columns
            if column.name in archived - known and not (column.nullable or column.default)
        ]
        if demanded:
            yield self._problem(
                N_("columns of %(table)s must be filled here, but the backup has none: %(detail)s"),
                _UPDATE,
                demanded,
            )

    def _references(self, here: TenantTable) -> Iterator[Problem]:
        """Keys that would be left as they are, or be taken for keys of another table."""
        strange = [
            *(
                each
                for reference in self.there.references
                if self._by_key(reference)
                for each in _strange(reference, here)
            ),
            *(
                f"{each.column} -> {each.target}"
                for each in self.there.embedded
                if each not in here.embedded
            ),
            *self._names(here),
        ]
        if strange:
            yield self._problem(
                N_("references of %(table)s are not known here: %(detail)s"), _UPDATE, strange
            )

    def _by_key(self, reference: ManifestReference) -> bool:
        """Whether a reference holds keys. What holds a name in place of a key (a foreign key of
        Tryton's `ir_model_data` to `ir_model.model`) means the same everywhere."""
        if reference.target is None or reference.target not in self.manifest.tables:
            return True
        key = self.manifest.tables[reference.target].key
        return bool(set(key).intersection(reference.target_columns))

    def _names(self, here: TenantTable) -> Iterator[str]:
        """Names that modules gave to their rows, which are kept otherwise here."""
        external = self.model.external
        known = set()
        if external is not None and here.name in external.targets.values():
            known = {f"{EXTERNAL}{name}" for name in external.names}
        for column in self.there.identity:
            if column.name.startswith(EXTERNAL) and column.name not in known:
                yield column.name


_UPDATE = N_("bring both systems to the same version of the module, and back up again")


def _belongs(role: Role, tenant: str | None) -> str:
    return f"{role} ({tenant})" if tenant else str(role)


def _strange(reference: ManifestReference, here: TenantTable) -> Iterator[str]:
    """What a reference of the pair points at, and does not here."""
    columns = ", ".join(reference.spelled)
    if reference.target is not None:
        ours = ForeignLink(
            columns=reference.columns,
            target=reference.target,
            target_columns=reference.target_columns,
        )
        if ours not in here.links:
            yield f"{columns} -> {reference.target}"
        return
    known: Mapping[str, str] = {}
    for link in here.links:
        if isinstance(link, Polymorphic) and link_columns(link) == reference.spelled:
            known = link.targets
    for kind, table in sorted(reference.targets.items()):
        if known.get(kind) != table:
            yield f"{columns} -> {kind}"
