"""Who asks: coders by password or behind a proxy that has signed them in, and machines by token."""

from codesuggest.signin.accounts import CoderChange, add_coder, change_coder, set_password
from codesuggest.signin.session import REFUSED, LockOut, caller_named, caller_of_session, sign_in, sign_out
from codesuggest.signin.token import SCOPES, caller_of_token, make_token, revoke_token

ROLES = ("coder", "lead", "administrator")
"""Each may do what those before it may."""

__all__ = [
    "REFUSED",
    "ROLES",
    "SCOPES",
    "CoderChange",
    "LockOut",
    "add_coder",
    "caller_named",
    "caller_of_session",
    "caller_of_token",
    "change_coder",
    "make_token",
    "revoke_token",
    "set_password",
    "sign_in",
    "sign_out",
]
