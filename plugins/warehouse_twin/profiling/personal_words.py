"""What columns with personal data are called, in English, German, French and Spanish.

A column's name is cut into words (`billing_street`, `KundenVorname`, `code_postal`); the words at its end say what it holds,
those before whose it is: its *role* (`billing`).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

_FOLDED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "o", "æ": "ae", "ł": "l"})
_PHRASES = {
    "email": "email, e mail, mail, email address, mail address | mailadresse, email adresse"
    " | courriel, adresse mail | correo, correo electronico",
    "first_name": "first name, firstname, given name, forename, fname | vorname, rufname | prenom | nombre, primer nombre",
    "last_name": "last name, lastname, surname, family name, lname"
    " | nachname, familienname, zuname | nom, nom famille | apellido, apellidos",
    "name": "full name, fullname, name, customer name, client name, contact name, person name, contact, holder, cardholder"
    " | kundenname, ansprechpartner, inhaber, vollstaendiger name | nom complet | nombre completo, titular",
    "phone": "phone, phone number, telephone, telephone number, tel, mobile, mobile number, mobile phone, cell, cell phone, fax, fax number"
    " | telefon, telefonnummer, handy, handynummer, mobil, mobilnummer, rufnummer | tel portable, portable | telefono, movil, celular",
    "address": "address, full address, mailing address, postal address, addr | adresse, anschrift | adresse postale | direccion, domicilio",
    "street": "street, street address, street name, address line, road | strasse, str | rue | calle",
    "city": "city, town, city name | ort, stadt, wohnort, ortschaft | ville, commune | ciudad, localidad, municipio, poblacion",
    "state": "state, province, state code | bundesland | departement, region | provincia",
    "postcode": "zip, zip code, zipcode, postcode, post code, postal code, postalcode | plz, postleitzahl | code postal | codigo postal",
    "country": "country, country name, country code, nation | land, staat, laendercode | pays | pais",
    "company": "company, company name, organization, organisation, employer, firm | firma, firmenname, unternehmen, arbeitgeber"
    " | entreprise, societe | empresa, compania",
    "url": "url, website, web site, homepage, web page, link | webseite, internetseite | site web, site internet | sitio web, pagina web",
    "user_name": "user name, username, login, login name, screen name, nickname, handle"
    " | benutzername, benutzer name, benutzer | identifiant | usuario",
    "iban": "iban",
    "card": "card number, credit card, credit card number, cc number | kreditkarte, kreditkartennummer | carte bancaire | tarjeta",
    "gender": "gender, sex | geschlecht | sexe, genre | sexo, genero",
    "title": "title, salutation, honorific | anrede | civilite | tratamiento",
}
_LANGUAGES = (None, "de_DE", "fr_FR", "es_ES")
_COMPOUND = 5
"""Letters a word must have to be found at the end of a longer one (`kundenvorname`)."""


class Named(NamedTuple):
    """What a column's name says: kind, role, and the locale of its language where that is not English."""

    kind: str
    role: str
    locale: str | None
    bare: bool
    """just `name`: of a person, a product or anything else"""


def folded(text: str) -> str:
    """Small ASCII letters: umlauts spelled out, accents dropped."""
    plain = unicodedata.normalize("NFKD", text.lower().translate(_FOLDED))
    return plain.encode("ascii", "ignore").decode()


def words_of(name: str) -> tuple[str, ...]:
    """The words of a column's name, folded, without numbers: `shipAddress2` is ship, address."""
    parted = re.sub(r"(?<=[a-zäöüß0-9])(?=[A-ZÄÖÜ])", "_", name)
    return tuple(word for word in re.split(r"[^a-z]+", folded(parted)) if word)


@lru_cache(maxsize=1)
def _phrases() -> dict[tuple[str, ...], tuple[str, str | None]]:
    found: dict[tuple[str, ...], tuple[str, str | None]] = {}
    for kind, languages in _PHRASES.items():
        for place, phrases in enumerate(languages.split("|")):
            for phrase in phrases.split(","):
                found[tuple(phrase.split())] = kind, _LANGUAGES[place]
    return found


@lru_cache(maxsize=4_096)
def named(column: str) -> Named | None:
    """What the column's name says it holds; None when nothing personal. The longest phrase at its end counts."""
    words, phrases = words_of(column), _phrases()
    for size in range(min(3, len(words)), 0, -1):
        if words[-size:] in phrases:
            kind, locale = phrases[words[-size:]]
            return Named(kind, "_".join(words[:-size]), locale, words[-size:] == ("name",))
    if not words:
        return None
    for phrase, (kind, locale) in sorted(phrases.items(), key=lambda item: -len(item[0][0])):
        if len(phrase) == 1 and len(phrase[0]) >= _COMPOUND and words[-1].endswith(phrase[0]):
            return Named(kind, "_".join((*words[:-1], words[-1].removesuffix(phrase[0]))), locale, False)
    return None
