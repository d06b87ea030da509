"""Where the invented people live and what they are called: small lists, one per country."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Country:
    """`zones` pairs the start of a postcode with its time zone; `#` stands for a digit, `@` for a letter."""

    code: str
    share: float
    locales: tuple[str, ...]
    zones: tuple[tuple[str, str], ...]
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]


def _country(code: str, share: float, locales: str, zones: dict[str, str], first: str, last: str) -> Country:
    return Country(code, share, tuple(locales.split()), tuple(zones.items()), tuple(first.split()), tuple(last.split()))


_ENGLISH = "James Mary Robert Patricia Michael Linda David Susan Olivia Noah Emma Liam Sophia Ethan Grace Henry Chloe"
_GERMAN = "Jürgen Anna Günther Käthe Lukas Sophie Björn Jörg Maximilian Hannah Zoë Felix Annelies Heike Matthias Ursula"

COUNTRIES = (
    _country(
        "US", 0.56, "en-US en-US en-US en-US es-US",
        {"1####": "America/New_York", "3####": "America/New_York", "6####": "America/Chicago",
         "7####": "America/Chicago", "80###": "America/Denver", "9####": "America/Los_Angeles"},
        _ENGLISH + " José Guadalupe Aaliyah DeShawn Mei Raj Siobhán Zoë",
        "Smith Johnson Williams Brown Jones García Miller Davis Rodríguez Martínez Hernández O'Neil O'Connor Lee "
        "Nguyen Kim Patel Jackson Washington D'Angelo McDonald Smith-Jones Núñez Okafor",
    ),
    _country(
        "GB", 0.08, "en-GB", {"@@# #@@": "Europe/London"},
        _ENGLISH + " Niamh Oisín Rhys Eilidh",
        "Taylor Davies Evans Thomas Wilson O'Brien Hughes Clarke Khan Begum MacLeod Ap-Rhys",
    ),
    _country(
        "DE", 0.10, "de-DE", {"#####": "Europe/Berlin"},
        _GERMAN,
        "Müller Schmidt Schäfer Groß Weiß Krüger Jäger Köhler Lübke Öztürk Yıldız Hoffmann Meyer-Lüdenscheidt",
    ),
    _country(
        "AT", 0.05, "de-AT", {"####": "Europe/Vienna"},
        _GERMAN,
        "Gruber Huber Höller Pürstl Novák Kovač Wöber Bauer",
    ),
    _country(
        "FR", 0.06, "fr-FR", {"7####": "Europe/Paris", "#3###": "Europe/Paris"},
        "Amélie Benoît Chloé François Héloïse Inès Jérôme Léa Noël Théo Zoé Maëlle",
        "Lefèvre Dubois Moreau Bélanger Gauthier D'Arcy Garçon Benoît Château Nguyen Diallo",
    ),
    _country(
        "ES", 0.04, "es-ES ca-ES", {"28###": "Europe/Madrid", "35###": "Atlantic/Canary"},
        "Íñigo María José Lucía Begoña Ángel Nuria Jordi Montserrat Álvaro",
        "Ibáñez Muñoz Peña López Sánchez Puig Güell Etxeberria",
    ),
    _country(
        "IT", 0.03, "it-IT", {"20###": "Europe/Rome"},
        "Niccolò Giulia Matteo Chiara Nicolò Aurora Andrea",
        "Rossi D'Amico Dell'Acqua Bianchi Esposito Cantù",
    ),
    _country(
        "NL", 0.02, "nl-NL", {"#### @@": "Europe/Amsterdam"},
        "Daan Sanne Jeroen Maartje Loïs Zoë",
        "Jansen Visser Bakker Smit Dijkstra Ruijter",
    ),
    _country(
        "SE", 0.02, "sv-SE", {"### ##": "Europe/Stockholm"},
        "Åsa Björn Märta Östen Linnéa Göran",
        "Åkesson Öberg Sjöström Lindqvist Hägg",
    ),
    _country(
        "PL", 0.02, "pl-PL", {"##-###": "Europe/Warsaw"},
        "Łukasz Małgorzata Zofia Paweł Agnieszka",
        "Wójcik Kowalska Dąbrowski Zieliński Łuczak",
    ),
    _country(
        "JP", 0.02, "ja-JP", {"###-####": "Asia/Tokyo"},
        "Yūki Haruka Kenji Sakura 健太 さくら",
        "Satō Suzuki Takahashi 田中 Ōno",
    ),
)  # fmt: skip

MARKUP_NAMES = (
    ("Rosie & Jim", "A&B"),
    ("<Max>", "Muster"),
    ('Bob "Bobby"', "O'Hara & Sons"),
    ("Amy", "Smith & Co <Ltd>"),
    ("Tom&amp;Jerry", "Katz"),
    ("{{ first_name }}", "Brace"),
)
