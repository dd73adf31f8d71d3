"""The first member of every zip: what this is, for somebody who has nothing but the file."""

_TEXT = """\
Sichern {stem}

DEUTSCH

Dies ist die Sicherung eines Mandanten. Sie besteht aus einem Paar von Dateien:

    {stem}.zip   alle Daten des Mandanten
    {stem}.ztx   die Informationsdatei mit den Prüfsummen

Gibt es daneben {stem}.belege.zip, so liegt darin das Belegarchiv.

Einspielen: beide (oder alle drei) Dateien in einen Ordner legen, dann im ERP-System
Datei > Mandantenverwaltung > Import wählen, oder auf der Kommandozeile

    sichern check {stem}.ztx
    sichern import {stem}.ztx --as new

Ohne die .ztx-Datei wird nicht eingespielt. Diese .zip-Datei bitte nicht verändern und nicht
neu packen: die Prüfsummen passen sonst nicht mehr.

Lesen ohne das ERP-System: jedes ZIP-Programm öffnet diese Datei.

    schema.json             Tabellen, Spalten, ihre Typen und Beziehungen
    data/<Tabelle>/*.tsv    die Datensätze: eine Zeile je Satz, Spalten durch Tabulator
                            getrennt, in der Reihenfolge von schema.json, UTF-8
    identities/<Tabelle>/   Sätze des Systems, auf die verwiesen wird: nur die Spalten, an
                            denen man sie anderswo erkennt
    documents.tsv           welches Dokument zu welchem Satz gehört: Tabelle, Schlüssel, Feld,
                            Name, Art, Größe, SHA-256, Herkunft
    documents/<SHA-256>     die Dokumente selbst; zum Öffnen den Namen aus documents.tsv geben
    counters.tsv            Zähler, die nicht in Datensätzen stehen
    references.tsv          Verweise, die aus dieser Sicherung hinausführen
    protocol.json           das Protokoll des Laufs

In den .tsv-Dateien steht \\N für einen leeren Wert (NULL), \\t für einen Tabulator, \\n für
einen Zeilenwechsel, \\\\ für einen Backslash. PostgreSQL liest sie mit COPY.

ENGLISH

This is the backup of one tenant (company). It is a pair of files:

    {stem}.zip   all data of the tenant
    {stem}.ztx   the info file with the checksums

If there is a {stem}.belege.zip beside them, it holds the document archive.

To import: put both (or all three) files into one folder, then choose
File > Tenant management > Import in the ERP system, or on the command line

    sichern check {stem}.ztx
    sichern import {stem}.ztx --as new

Nothing is imported without the .ztx file. Please do not change or repack this .zip file: its
checksums would no longer fit.

To read it without the ERP system: any ZIP program opens this file.

    schema.json             tables, columns, their types and references
    data/<table>/*.tsv      the rows: one line each, columns separated by tabs, in the order
                            of schema.json, UTF-8
    identities/<table>/     rows of the system that are referred to: only the columns by which
                            they are recognised elsewhere
    documents.tsv           which document belongs to which row: table, key, field, name, kind,
                            size, SHA-256, origin
    documents/<SHA-256>     the documents themselves; to open one, give it its name from
                            documents.tsv
    counters.tsv            counters that are not kept in rows
    references.tsv          references that lead out of this backup
    protocol.json           the protocol of the run

In the .tsv files \\N stands for no value (NULL), \\t for a tab, \\n for a line feed, \\\\ for a
backslash. PostgreSQL reads them with COPY.
"""


def readme(stem: str) -> str:
    """Give the text for a pair, German then English, with Windows line ends for Notepad."""
    return _TEXT.format(stem=stem).replace("\n", "\r\n")
