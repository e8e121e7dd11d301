"""How alike two names are, whatever the habits of the two systems (customerId, Customer-ID, customer_no.)."""

from __future__ import annotations

import re
import unicodedata
from difflib import SequenceMatcher

_SYNONYMS = (
    ("mail", "email", "emailaddress", "mailaddress", "eaddress"),
    ("phone", "tel", "telephone", "phonenumber", "telno", "phoneno", "telefon"),
    ("mobile", "cell", "cellphone", "mobilephone", "handy"),
    ("fax", "telefax", "faxnumber"),
    ("zip", "postcode", "postalcode", "zipcode", "plz", "post code", "postal"),
    ("city", "town", "place", "ort", "locality"),
    ("street", "address", "addressline", "addressline1", "address1", "street1"),
    ("state", "region", "province", "county"),
    ("country", "land", "nation", "countrycode"),
    ("firstname", "givenname", "forename", "vorname", "fname", "first"),
    ("lastname", "surname", "familyname", "nachname", "lname", "last"),
    ("name", "title", "label", "caption", "bezeichnung", "displayname", "fullname"),
    ("company", "organisation", "organization", "firm", "firma", "org"),
    ("customer", "client", "kunde", "cust", "buyer"),
    ("product", "article", "item", "artikel", "good"),
    ("order", "purchase", "bestellung"),
    ("id", "no", "number", "nr", "num", "key", "identifier"),
    ("sku", "articleno", "itemno", "productno", "articlenumber", "itemnumber", "productnumber", "productcode"),
    ("price", "unitprice", "amount", "preis"),
    ("quantity", "qty", "count", "menge", "stock"),
    ("description", "descr", "desc", "text", "details", "beschreibung"),
    ("note", "remark", "comment", "notes", "remarks", "memo"),
    ("birthday", "birthdate", "dateofbirth", "dob", "born"),
    ("modified", "updated", "changed", "lastmodified", "updatedat", "modifiedat", "changedat", "lastupdate", "mtime"),
    ("created", "createdat", "creationdate", "insertedat", "ctime"),
    ("active", "enabled", "isactive", "isenabled"),
    ("web", "website", "url", "homepage", "www"),
)
_CANON = {word.replace(" ", ""): group[0] for group in _SYNONYMS for word in group}
_IRREGULAR = {
    "people": "person",
    "children": "child",
    "men": "man",
    "women": "woman",
    "indices": "index",
    "matrices": "matrix",
    "criteria": "criterion",
    "analyses": "analysis",
    "movies": "movie",
    "cookies": "cookie",
}
_SPLIT = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_]+")


def tokens(name: str) -> tuple[str, ...]:
    """The words of a name in small letters without accents: "CustomerID" and "customer_id" give the same."""
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss"))
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    return tuple(word.lower() for word in _SPLIT.findall(plain.replace("-", " ").replace("_", " ")))


def canonical_tokens(name: str, structure: str = "") -> tuple[str, ...]:
    """Words with synonyms replaced by one of them, without the structure's own name in front (customer_name: name)."""
    words = list(tokens(name))
    whole = "".join(words)
    if whole in _CANON:
        return (_CANON[whole],)
    own = {_singular(word) for word in tokens(structure)}
    while len(words) > 1 and _singular(words[0]) in own:
        words.pop(0)
    joined = "".join(words)
    if joined in _CANON:
        return (_CANON[joined],)
    result: list[str] = []
    place = 0
    while place < len(words):
        pair = "".join(words[place : place + 2])
        if place + 1 < len(words) and pair in _CANON:
            result.append(_CANON[pair])
            place += 2
        else:
            result.append(_CANON.get(_singular(words[place]), _CANON.get(words[place], _singular(words[place]))))
            place += 1
    return tuple(result)


def _singular(word: str) -> str:
    """The word for one of them, as far as English has rules: enough to see that two names are one."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "xes", "sses")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def likeness(a: str, b: str, structure_a: str = "", structure_b: str = "") -> tuple[float, str]:
    """0 to 1, and why in a few words. 1 means the same name."""
    if a == b:
        return 1.0, "same name"
    words_a, words_b = tokens(a), tokens(b)
    if "".join(words_a) == "".join(words_b) and words_a:
        return 0.97, "same name, written differently"
    canon_a, canon_b = canonical_tokens(a, structure_a), canonical_tokens(b, structure_b)
    if canon_a and canon_a == canon_b:
        return 0.9, "names that mean the same"
    if canon_a and set(canon_a) == set(canon_b):
        return 0.85, "the same words in another order"
    common = set(canon_a) & set(canon_b)
    shared = len(common) / len(set(canon_a) | set(canon_b)) if canon_a and canon_b else 0.0
    if common == {"id"} and len(canon_a) != len(canon_b):
        shared = 0.0  # every second field is some id
    letters = SequenceMatcher(None, "".join(canon_a), "".join(canon_b), autojunk=False).ratio()
    score = max(0.8 * shared, 0.75 * letters if letters > 0.7 else 0.0)
    return (score, "similar names") if score > 0.3 else (0.0, "")


def is_stamp_name(name: str) -> bool:
    """Whether a field of that name most likely says when the record was last changed."""
    return canonical_tokens(name) == ("modified",)
