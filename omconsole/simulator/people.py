"""The people of Contoso GmbH."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import NamedTuple

from omconsole.simulator.draws import Draw, mix

DOMAIN = "contoso-gmbh.example"

_GIVEN_NAMES = (
    "Anna Jürgen Sabine Lukas Björn Käthe Mehmet Elif Zoe\u0308 Renée Maximilian Søren Łukasz Agnieszka Ingrid Detlef "
    "Heike Ömer Svetlana Dmitri Priya Arjun Fatima Yusuf Giulia Matteo Chloé Étienne Nguye\u0302\u0303n Thi\u0323 "
    "Óscar Íñigo Ana Gösta Ursula Wolfgang Christel Horst Jana Tomáš Dvora Noah Mia Emilia Finn Lina Paul Greta Anton "
    "Frieda Karl Änne Rüdiger Bärbel Silke Torsten Ulrike Volker Wiebke"
)
_FAMILY_NAMES = (
    "Müller Schmidt Schäfer Weiß Groß Krüger Jäger Böhm Köhler König Möller Yılmaz Şahin Kowalski Nowák Dvořák "
    "Petersen Sørensen Lindström García Muñoz Rossi Ferrari Dubois Lefèvre O’Connor Smith Jones Okafor Mensah Petrov "
    "Iwanowa Singh Patel Haddad Öztürk Vogel Fuchs Lehmann Lange Zimmermann Hofmann Becker Wagner Bauer Richter Klein "
    "Wolf Neumann Schwarz Braun Hartmann Werner Krause Meier Kaiser Vogt Sommer Winter Brandt Haas Schreiber Graf "
    "Dietrich Ziegler Kuhn Pohl Engel Horn Busch Bergmann Voigt Sauer Arnold Pfeiffer Ludwig Böttcher Albrecht"
)
_GIVEN = tuple(_GIVEN_NAMES.split())
_FAMILY = tuple(_FAMILY_NAMES.split())
_ELSEWHERE = (
    ("佐藤 美咲", "misaki.sato"),
    ("王 小明", "xiaoming.wang"),
    ("김민준", "minjun.kim"),
    ("鈴木 一郎", "ichiro.suzuki"),
    ("李 娜", "na.li"),
    ("Δημήτρης Παπάς", "dimitris.papas"),
)
_ELSEWHERE_EVERY = 29

_ASCII = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "ł": "l", "ı": "i", "’": "", "å": "a", "æ": "ae"}
)
_PEOPLE = 17


class Person(NamedTuple):
    """A user as a device names one."""

    id: str
    display_name: str
    given_name: str
    user_principal_name: str


NOBODY = Person("", "", "", "")


@cache
def _ascii(name: str) -> str:
    folded = unicodedata.normalize("NFC", name).lower().translate(_ASCII)
    return "".join(char for char in unicodedata.normalize("NFKD", folded) if char.isascii() and char.isalnum())


def headcount(devices: int) -> int:
    """How many people a tenant of so many devices has."""
    return max(1, devices * 7 // 10)


def person(seed: int, number: int) -> Person:
    """The `number`-th person; no two share a user principal name."""
    identity = Draw(seed, _PEOPLE, number).uuid()
    if number % _ELSEWHERE_EVERY == 5:
        again, which = divmod(number // _ELSEWHERE_EVERY, len(_ELSEWHERE))
        display, local = _ELSEWHERE[which]
        given = display.split(" ")[-1]
    else:
        pairs = len(_GIVEN) * len(_FAMILY)
        # 7919 is a prime that divides neither list, so every pair comes once before the first comes again.
        again, at = divmod(number, pairs)
        at = (at * 7919 + mix(seed, _PEOPLE) % pairs) % pairs
        given, family = _GIVEN[at // len(_FAMILY)], _FAMILY[at % len(_FAMILY)]
        display, local = f"{given} {family}", f"{_ascii(given)}.{_ascii(family)}"
    suffix = str(again + 1) if again else ""
    return Person(identity, display, given, f"{local}{suffix}@{DOMAIN}")
