"""What the values of an entity column are, by the name of the column."""

import re

from ringsight.records.bank import ColumnRole, ValueKind

CONVENTIONAL_KINDS = {
    **dict.fromkeys(("email", "mail", "mailbox"), ValueKind.email),
    **dict.fromkeys(("phone", "mobile", "telephone", "tel", "telefon", "handy", "cell", "msisdn"), ValueKind.phone),
    **dict.fromkeys(("device", "imei", "mac"), ValueKind.device),
    **dict.fromkeys(("iban", "account"), ValueKind.iban),
}
"""Words of a column's name that say what it holds, in any case of letters; the first one that there is counts."""
OF_IT = frozenset((
    "brand", "carrier", "code", "count", "country", "domain", "host", "language", "make", "model", "name",
    "operator", "os", "platform", "prefix", "provider", "quality", "source", "status", "type", "verified",
    "version",
))  # fmt: skip
"""Words that tell that a column holds something of such a value, not the value: `phone_type`, `email_domain`."""


def kind_of(column: str, role: ColumnRole) -> ValueKind:
    """What a column holds: by the first word of its name that says so, else by its role.

    `home_phone` and `phoneNumber` are phones, `E-Mail` is e-mail; `mailing_address` is no mail.
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", column)
    words = re.split(r"[^a-z]+", re.sub(r"(?i)\be[-_ ]mail", "email", spaced).casefold())
    named = [] if OF_IT.intersection(words) else [kind for word, kind in CONVENTIONAL_KINDS.items() if word in words]
    if named and role is not ColumnRole.protected:
        return named[0]
    return ValueKind.text if role is ColumnRole.innocent else ValueKind.identifier
