"""What staff may do with seats and money, over several instances: the rules are those of one."""

import datetime

import pymongo
import pytest
from bson import ObjectId
from support import cluster, process

# pytest finds them here, with the servers of this module.
from test_staff import (  # noqa: F401
    test_a_block_is_released_at_its_own_showtime_only,
    test_a_refund_needs_its_key_and_a_reason,
    test_money_that_goes_back_already_is_not_asked_for_twice,
    test_what_does_not_exist_is_not_found,
)
from test_staff_lists import (  # noqa: F401
    test_bookings_are_found_by_what_people_know_of_them,
    test_lists_go_on_where_the_page_before_ended,
)


@pytest.fixture(scope="module")
def shared_house(tmp_path_factory):
    """The one that tests/system/conftest.py's `house` lends, over three instances."""
    folder = tmp_path_factory.mktemp("staff")
    database = cluster.Database(folder).start()
    content, showtimes = process.pool(30)
    instances = cluster.Cluster(folder, database, content)
    chain = Chain(instances, showtimes)
    chain.database = pymongo.MongoClient(instances.uri).get_default_database()
    yield chain
    chain.database.client.close()
    for usher in instances.instances:
        usher.release()
        usher.assert_well()
    database.stop()


class Chain:
    """As conftest's House: its server is one of three."""

    def __init__(self, instances, showtimes):
        self.server = instances[1]
        self.api = self.server.api
        self.showtimes = iter(showtimes)

    def showtime(self):
        return next(self.showtimes)


def test_a_booking_is_found_behind_many_of_another_status(shared_house):
    customer = shared_house.api.customer("regular")
    held = customer.held(shared_house.showtime(), ["C3"])
    (document,) = shared_house.database.bookings.find({"_id": ObjectId(held)})
    later = document["createdAt"] + datetime.timedelta(seconds=1)
    shared_house.database.bookings.insert_many([
        {**document, "_id": ObjectId(), "booking_code": f"BK-OLD{number:05}", "status": "expired",
         "createdAt": later, "idempotency_key": f"another-{number}"} for number in range(1200)])
    found = customer.bookings("?status=pending").expect(200).json["items"]
    assert [booking["id"] for booking in found] == [held]
