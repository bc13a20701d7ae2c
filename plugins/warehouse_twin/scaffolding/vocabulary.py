"""The words by which a scaffold knows keys, parents, people and times: English, German, French and Spanish; umlauts spelled out."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


KEYS = _words("id ids key sk pk fk uuid guid nr no num number code hash ident identifier nummer numero codigo kennung")
"""What a key's name ends with."""

ANYBODYS = KEYS | _words("name type typ kind value title row index label status date")
"""What a column of any table may be called."""

LABELS = _words("name title description text label comment email mail phone telefon bezeichnung beschreibung titel")
"""What is unique now and then, but is no key."""

COUNTING = _words(
    "line pos position seq sequence version revision step rank order ordinal nr no number item index lfd zeile stelle ligne linea"
)
"""What counts within another key."""

PREFIXES = _words("raw stg staging src dim fact fct tbl table ods dwh ref lkp lookup hub sat lnk base int mart")
"""What warehouses put before a table's name."""

UP = _words(
    "parent manager boss supervisor superior reports root head lead predecessor previous prev next successor original reply ancestor"
    " ober vorgaenger nachfolger vorgesetzter eltern haupt replaces replaced referrer referred sponsor mentor padre jefe"
)
"""What a column is called that leads to another row of its own table."""

PEOPLE = _words(
    "customer client user person people member patient employee staff worker student pupil teacher subscriber account visitor guest"
    " passenger driver voter citizen tenant resident donor applicant candidate contact lead player author buyer seller owner agent"
    " doctor physician nurse party individual household participant respondent insured policyholder borrower cardholder"
    " kunde mitarbeiter benutzer nutzer mitglied patient schueler teilnehmer personal angestellter versicherter mieter spieler"
    " utilisateur personne adherent salarie eleve abonne cliente usuario persona empleado miembro paciente alumno socio"
)
"""What a table of people is called."""

BEGIN = _words("from start begin begins since effective ab von gueltigab validfrom beginn debut desde inicio")
END = _words("to end ends until till thru through bis expiry expires expiration ende gueltigbis validto fin hasta")
"""How windows begin and end."""

NO_EVENTS = _words(
    "birth born dob geburt geburtsdatum birthday birthdate valid expiry expires expiration until due updated modified changed loaded"
    " load etl ingested inserted synced extracted deleted naissance nacimiento"
)
"""Times that do not say when something happened."""
