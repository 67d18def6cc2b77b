"""What tests of the staff's calls have in common."""


def sell(api, customer, showtime, seats):
    """A booking that is paid: (its id, its payment)."""
    held = customer.hold(showtime, seats).expect(201).json
    payment = customer.paying(held["booking_id"])
    api.tell(payment, held["final_amount"]).expect(200)
    return held["booking_id"], payment


def own_entries(staff, query=""):
    """The journal of this user, oldest first."""
    items = staff.journal(f"?actor={staff.user}&limit=100{query}").expect(200).json["items"]
    return [(item["action"], item["subject_id"], item["detail"]) for item in reversed(items)]


def all_pages(call, query, limit=100):
    """The items of all pages; none is skipped or shown twice."""
    items, cursor = [], None
    while True:
        page = (f"{query}&" if query else "?") + f"limit={limit}"
        page += "" if cursor is None else f"&cursor={cursor}"
        body = call(page).expect(200).json
        items += body["items"]
        cursor = body["next_cursor"]
        if cursor is None:
            return items
