"""What the feeder sends is what the entrances take."""

from typing import Any

from local.feed import ENTRANCES, as_csv_text, shares, sign
from local.sample import week


def test_every_event_is_dealt_to_one_entrance() -> None:
    events = week()[:1000]
    dealt = shares(events)
    assert set(dealt) == set(ENTRANCES)
    ids = [event["id"] for share in dealt.values() for event in share]
    assert sorted(ids) == sorted(event["id"] for event in events)


def test_dealing_is_the_same_each_time() -> None:
    assert shares(week()) == shares(week())


def test_a_signature_is_that_of_standard_webhooks() -> None:
    # The example of the specification's reference libraries.
    headers = sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        b'{"test": 2432232314}',
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        at=1614265330,
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_csv_has_one_line_an_event_and_a_header() -> None:
    events: list[dict[str, Any]] = [e for e in week() if e["type"] == "weather.observed"][:5]
    assert len(as_csv_text(events).splitlines()) == 6
