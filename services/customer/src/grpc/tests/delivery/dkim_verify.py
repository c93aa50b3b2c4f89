"""Checks the DKIM signature of the mail on standard input, with a verifier that is not ours.

The argument is the record that DNS would answer for the selector `s1` of crm.example.com. Prints
`good` or `bad`.
"""

import sys

import dkim

NAME = b"s1._domainkey.crm.example.com."


def record(name, timeout=5):
    return sys.argv[1].encode() if name == NAME else None


print("good" if dkim.verify(sys.stdin.buffer.read(), dnsfunc=record) else "bad")
