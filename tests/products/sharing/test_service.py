"""Groups, co-owners, new owners and links, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from core.auth.audit import AuditLog, AuditQuery, Subject
from core.auth.groups import GroupService
from core.auth.models import ANONYMOUS, Identity
from core.auth.schema import GroupRow, UserRow
from core.auth.service import AccountService
from core.database import Database, utc_now
from core.errors import ConflictError, InvalidValueError, NotFoundError, PermissionDeniedError
from products.lifecycle.published import PublishedProducts
from products.models import Product, ProductStatus, Visibility
from products.quotas import QuotaRule
from products.schema import ProductRow, ReleaseRow
from products.search.queries import ProductQuery
from products.service import NewProduct, ProductChanges, ProductService
from products.sharing.links import LinkService
from products.sharing.schema import ProductLinkRow
from products.sharing.service import SharingService
from tests.products.conftest import People

pytestmark = pytest.mark.either_database


@pytest.fixture
def service(database: Database) -> ProductService:
    return ProductService(database)


@pytest.fixture
def sharing(database: Database) -> SharingService:
    return SharingService(database, QuotaRule())


@pytest.fixture
def groups(database: Database) -> GroupService:
    return GroupService(database)


@pytest.fixture
def published(database: Database, people: People, service: ProductService) -> Product:
    """A private product of the owner."""
    product = service.create(people.owner, NewProduct("A catalogue", 7, visibility=Visibility.PRIVATE))
    with database.write() as session:
        session.execute(update(ProductRow).values(status=ProductStatus.PUBLISHED))
    return product


def _fresh(database: Database, identity: Identity) -> Identity:
    """Give the identity of the user's next request."""
    assert identity.name is not None
    return AccountService(database).identity_of_user(identity.name)


def _may_read(service: ProductService, identity: Identity, product: Product) -> bool:
    return service.list(identity, ProductQuery(internal_names=(product.internal_name,))).count == 1


# --- groups


def test_a_group_is_made_and_managed_by_its_maker(database: Database, people: People, groups: GroupService):
    group = groups.create(people.owner, "photo-z.club", "Friday afternoons")
    assert [(member.name, member.is_manager) for member in group.members] == [("owner", True)]
    groups.add_member(people.owner, group.id, "stranger")
    for act in (
        lambda: groups.add_member(people.stranger, group.id, "colleague"),
        lambda: groups.remove_member(people.stranger, group.id, "owner"),
        lambda: groups.describe(people.stranger, group.id, "mine"),
        lambda: groups.delete(people.stranger, group.id),
    ):
        with pytest.raises(PermissionDeniedError):
            act()
    groups.add_member(people.owner, group.id, "stranger", manager=True)
    groups.remove_member(people.stranger, group.id, "owner")
    assert [member.name for member in groups.group(people.stranger, group.id).members] == ["stranger"]
    assert "photo-z.club" in _fresh(database, people.stranger).groups
    assert "photo-z.club" not in _fresh(database, people.owner).groups


def test_who_does_not_belong_to_a_group_does_not_learn_of_it(people: People, groups: GroupService):
    group = groups.create(people.owner, "secret")
    for identity in (people.stranger, people.admin_reading):
        for act in (
            lambda who: groups.group(who, group.id),
            lambda who: groups.describe(who, group.id, "x") if who is people.stranger else groups.group(who, group.id),
        ):
            with pytest.raises(NotFoundError) as hidden:
                act(identity)
            assert hidden.value.message == f"There is no group number {group.id}."
        assert group.name not in {found.name for found in groups.groups(identity)}
    assert group.name in {found.name for found in groups.groups(people.admin)}


def test_a_group_keeps_a_manager(people: People, groups: GroupService):
    group = groups.create(people.owner, "pair")
    groups.add_member(people.owner, group.id, "stranger")
    for act in (
        lambda: groups.remove_member(people.owner, group.id, "owner"),
        lambda: groups.add_member(people.owner, group.id, "owner", manager=False),
        lambda: groups.remove_member(people.admin, group.id, "owner"),
    ):
        with pytest.raises(ConflictError):
            act()
    groups.remove_member(people.stranger, group.id, "stranger")


def test_names_of_groups_are_plain(people: People, groups: GroupService):
    for name in ("", " ", "two words", "a/b", "-x", "x" * 151, "ü", "a\nb"):
        with pytest.raises(InvalidValueError):
            groups.create(people.owner, name)


def test_a_name_is_given_once_and_members_must_exist(people: People, groups: GroupService):
    group = groups.create(people.owner, "once")
    with pytest.raises(ConflictError):
        groups.create(people.stranger, "once")
    with pytest.raises(InvalidValueError):
        groups.add_member(people.owner, group.id, "nobody at all")
    with pytest.raises(NotFoundError):
        groups.remove_member(people.owner, group.id, "stranger")


def test_a_group_that_restricts_a_release_stays(
    database: Database, people: People, groups: GroupService, service: ProductService
):
    group = groups.create(people.owner, "insiders")
    release = service.ensure_release("dp1", "DP1")
    with database.write() as session:
        session.get_one(ReleaseRow, release.id).access_groups = [session.get_one(GroupRow, group.id)]
    with pytest.raises(ConflictError, match="restricts a release"):
        groups.delete(people.owner, group.id)
    with database.write() as session:
        session.get_one(ReleaseRow, release.id).access_groups = []
    groups.delete(people.owner, group.id)
    assert groups.groups(people.owner) == ()


def test_the_members_of_a_group_of_a_sign_in_service_are_kept_there(
    database: Database, people: People, groups: GroupService
):
    group = groups.create(people.owner, "rubin")
    with database.write() as session:
        session.execute(update(GroupRow).where(GroupRow.id == group.id).values(source="cilogon"))
    for identity in (people.owner, people.admin):
        with pytest.raises(ConflictError, match="cilogon"):
            groups.add_member(identity, group.id, "stranger")
        with pytest.raises(ConflictError, match="cilogon"):
            groups.delete(identity, group.id)


def test_a_product_is_shared_with_groups_that_one_belongs_to(
    database: Database, people: People, groups: GroupService, service: ProductService, published: Product
):
    club = groups.create(people.owner, "club")
    owner = _fresh(database, people.owner)
    with pytest.raises(InvalidValueError, match="at least one group"):
        service.change(owner, published.id, ProductChanges(visibility=Visibility.GROUPS))
    # The group "team" exists, and the owner does not belong to it: the same words as for one that does not exist.
    for name in ("team", "no such group"):
        with pytest.raises(InvalidValueError, match="You belong to no group"):
            service.change(owner, published.id, ProductChanges(visibility=Visibility.GROUPS, groups=(name,)))
    stamp = PublishedProducts(database, ProductService(database)).stamp()
    shared = service.change(owner, published.id, ProductChanges(visibility=Visibility.GROUPS, groups=("club",)))
    assert shared.groups == ("club",)
    assert PublishedProducts(database, ProductService(database)).stamp() != stamp
    assert not _may_read(service, people.stranger, published)
    groups.add_member(people.owner, club.id, "stranger")
    assert _may_read(service, _fresh(database, people.stranger), published)
    groups.remove_member(people.owner, club.id, "stranger")
    assert not _may_read(service, _fresh(database, people.stranger), published)
    groups.add_member(people.owner, club.id, "stranger")
    groups.delete(people.owner, club.id)
    assert not _may_read(service, _fresh(database, people.stranger), published)


# --- co-owners and new owners


def test_a_co_owner_reads_and_changes_and_does_not_give_away(
    database: Database, people: People, service: ProductService, sharing: SharingService, published: Product
):
    assert sharing.add_co_owner(people.owner, published.id, "stranger").co_owners == ("stranger",)
    assert service.change(people.stranger, published.id, ProductChanges(description="ours")).description == "ours"
    links = LinkService(database)
    for act in (
        lambda: service.delete(people.stranger, published.id),
        lambda: sharing.add_co_owner(people.stranger, published.id, "colleague"),
        lambda: sharing.remove_co_owner(people.stranger, published.id, "owner"),
        lambda: sharing.transfer(people.stranger, published.id, "stranger"),
        lambda: links.make(people.stranger, published.id, days=1),
        lambda: links.links(people.stranger, published.id),
    ):
        with pytest.raises(PermissionDeniedError):
            act()
    sharing.remove_co_owner(people.stranger, published.id, "stranger")
    assert not _may_read(service, people.stranger, published)


def test_a_product_gets_a_new_owner(
    database: Database, people: People, service: ProductService, sharing: SharingService, published: Product
):
    link = LinkService(database).make(people.owner, published.id, days=1)
    moved = sharing.transfer(people.owner, published.id, "stranger")
    assert (moved.owner, moved.co_owners) == ("stranger", ("owner",))
    with pytest.raises(PermissionDeniedError):
        service.delete(people.owner, published.id)
    with pytest.raises(NotFoundError):
        LinkService(database).follow(link.secret)
    moved = sharing.transfer(people.stranger, published.id, "owner", stay=False)
    assert (moved.owner, moved.co_owners) == ("owner", ())
    assert not _may_read(service, people.stranger, published)


def test_nobody_gets_a_product_of_a_release_that_they_may_not_see(
    database: Database, people: People, service: ProductService, sharing: SharingService, published: Product
):
    release = service.ensure_release("dp1", "DP1")
    with database.write() as session:
        row = session.get_one(ReleaseRow, release.id)
        row.is_public, row.access_groups = False, [session.query(GroupRow).filter_by(name="team").one()]
        session.execute(update(ProductRow).values(release_id=release.id))
    for act in (sharing.add_co_owner, sharing.transfer):
        with pytest.raises(InvalidValueError, match="may not see the release DP1"):
            act(people.owner, published.id, "stranger")
    sharing.add_co_owner(people.owner, published.id, "colleague")
    with pytest.raises(ConflictError, match="restricted to groups"):
        LinkService(database).make(people.owner, published.id, days=1)


def test_a_product_that_does_not_fit_is_not_handed_over(database: Database, people: People, published: Product):
    with database.write() as session:
        session.execute(update(UserRow).where(UserRow.name == "stranger").values(quota_bytes=0))
    sharing = SharingService(database, QuotaRule())
    assert sharing.transfer(people.owner, published.id, "stranger").owner == "stranger"  # it has no files yet


# --- links


def test_a_link_shows_one_product_to_people_without_an_account(
    database: Database, people: People, service: ProductService, published: Product
):
    links = LinkService(database)
    other = service.create(people.owner, NewProduct("Another one", 7, visibility=Visibility.PRIVATE))
    issued = links.make(people.owner, published.id, days=3, note="referee")
    visitor = links.follow(issued.secret)
    assert visitor.is_anonymous
    assert service.get(visitor, published.id).internal_name == published.internal_name
    for act in (
        lambda: service.get(visitor, other.id),
        lambda: service.get(ANONYMOUS, published.id),
    ):
        with pytest.raises(NotFoundError):
            act()
    shown = links.links(people.owner, published.id)
    assert [(link.note, link.made_by, link.last_used_at is None) for link in shown] == [("referee", "owner", False)]
    assert issued.secret not in repr(issued)
    with database.read() as session:
        assert issued.secret not in session.query(ProductLinkRow).one().secret_hash
    links.revoke(people.owner, published.id, issued.link.id)
    for secret in (issued.secret, "never made", "", "\udcff"):
        with pytest.raises(NotFoundError, match="This link leads nowhere"):
            links.follow(secret)


def test_a_link_ends_with_its_time_its_product_and_its_maker(
    database: Database, people: People, service: ProductService, published: Product
):
    links = LinkService(database)
    issued = links.make(people.owner, published.id, days=1)

    def leads_on() -> bool:
        try:
            links.follow(issued.secret)
        except NotFoundError:
            return False
        return True

    for change, back in (
        (update(UserRow).where(UserRow.name == "owner").values(is_active=False), {"is_active": True}),
        (update(ProductRow).values(status=ProductStatus.REGISTERING), {"status": ProductStatus.PUBLISHED}),
        (update(ProductLinkRow).values(expires_at=utc_now()), {"expires_at": utc_now() + timedelta(days=1)}),
    ):
        assert leads_on()
        with database.write() as session:
            session.execute(change)
        assert not leads_on()
        with database.write() as session:
            session.execute(update(change.table).values(**back))
    service.delete(people.owner, published.id)
    assert not leads_on()


def test_a_link_has_an_end(database: Database, people: People, published: Product):
    for days in (0, -1, 366):
        with pytest.raises(InvalidValueError, match="1 to 365 days"):
            LinkService(database).make(people.owner, published.id, days=days)


# --- the record


def test_what_is_done_to_a_product_is_on_record_for_administrators(
    database: Database, people: People, service: ProductService, sharing: SharingService, published: Product
):
    service.change(people.owner, published.id, ProductChanges(description="new", visibility=Visibility.PUBLIC))
    service.change(people.owner, published.id, ProductChanges(description="new"))
    sharing.add_co_owner(people.admin, published.id, "stranger")
    service.delete(people.owner, published.id)
    log = AuditLog(database)
    count, entries = log.entries(people.admin, AuditQuery(kind=Subject.PRODUCT, subject_id=published.id))
    assert count == 4
    assert [(entry.actor, entry.action) for entry in entries] == [
        ("owner", "delete"),
        ("admin", "add co-owner"),
        ("owner", "change"),
        ("owner", "create"),
    ]
    assert entries[2].details == {"description": ["", "new"], "visibility": ["private", "public"]}
    assert entries[0].subject == published.internal_name
    for identity in (people.owner, people.admin_reading, ANONYMOUS):
        with pytest.raises(PermissionDeniedError):
            log.entries(identity, AuditQuery())
