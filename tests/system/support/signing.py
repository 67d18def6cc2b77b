"""Tokens and webhook signatures, made here from the contract and not by the server's code.

So that a mistake in the server's own signing cannot hide from the tests.
"""

import base64
import hashlib
import hmac
import json
import time


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def json_bytes(value):
    return json.dumps(value, separators=(",", ":")).encode()


def token_of(secret, claims, header=None):
    """A token with exactly these claims. `header` replaces the usual one."""
    head = {"alg": "HS256", "typ": "JWT"} if header is None else header
    signed = base64url(json_bytes(head)) + "." + base64url(json_bytes(claims))
    mac = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return signed + "." + base64url(mac)


def token(secret, user, ttl_s=3600, **claims):
    """A user's token that is good for `ttl_s`."""
    now_s = int(time.time())
    return token_of(secret, {"sub": user, "iat": now_s, "exp": now_s + ttl_s, **claims})


def webhook_signature(secret, body, at_s=None):
    """The X-Signature of a raw body, signed at `at_s` (now)."""
    seconds = str(int(time.time() if at_s is None else at_s))
    mac = hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256)
    return f"t={seconds},v1={mac.hexdigest()}"
