"""Scopes and identities."""

import pytest

from core.auth.models import ANONYMOUS, Identity, IssuedToken, Scope, Token, User
from core.database import utc_now
from core.errors import AuthenticationError, PermissionDeniedError


def test_each_scope_includes_those_before_it():
    order = [Scope.READ, Scope.WRITE, Scope.ADMIN]
    for one, scope in enumerate(order):
        assert [scope.includes(other) for other in order] == [two <= one for two in range(3)]


@pytest.mark.parametrize("is_admin", [True, False])
@pytest.mark.parametrize("scope", Scope)
def test_an_administrator_acts_as_one_with_that_scope_alone(is_admin: bool, scope: Scope):
    identity = Identity(1, "ada", is_admin=is_admin, scope=scope)
    assert identity.acts_as_admin is (is_admin and scope is Scope.ADMIN)
    assert identity.is_anonymous is False
    for needed in Scope:
        if scope.includes(needed):
            assert identity.require(needed) == 1
        else:
            with pytest.raises(PermissionDeniedError, match=f"scope '{scope}'"):
                identity.require(needed)


def test_nobody_is_asked_to_sign_in():
    assert ANONYMOUS.is_anonymous
    assert not ANONYMOUS.acts_as_admin
    assert Identity(None, None, is_admin=False, scope=Scope.READ, groups=frozenset(), linked_product=None) == ANONYMOUS
    for needed in Scope:
        with pytest.raises(AuthenticationError, match="Sign in first"):
            ANONYMOUS.require(needed)


@pytest.mark.parametrize(("first", "last", "shown"), [("Ada", "Byron", "Ada Byron"), ("", "B", "B"), ("", "", "ada")])
def test_a_user_is_shown_by_the_full_name_where_there_is_one(first: str, last: str, shown: str):
    assert User(1, "ada", first, last, "", is_admin=False, created_at=utc_now()).display_name == shown


def test_the_secret_of_a_token_is_not_in_its_representation():
    token = Token(1, "t", Scope.READ, utc_now(), None, None)
    assert "pz-secret" not in repr(IssuedToken(token, "pz-secret"))
