"""What an event's name says about the touchpoint: its type, and the names and properties the rules look for.

Commerce names are those of Segment's e-commerce, e-mail and live-chat specifications, verbatim. Where those have no
word (delivery, tickets, surveys, referrals) the names below are ours:

- `Survey Answered`: properties `kind` (NPS 0-10, CES 1-7, CSAT 1-5), `score`, optional `comment`, `about`.
- `Ticket Opened`, `Ticket Updated`, `Ticket Closed`: `ticket_id`, optional `subject`, `priority`, `cause`, `about`.
- `Service Contact`: a call or message; `direction` (INBOUND, OUTBOUND), optional `ticket_id`, `subject`, `cause`.
- `Delivery Dispatched`, `Delivery Completed`, `Order Collected`: `order_id`, optional `late`.
- `Referral Converted`: somebody this customer referred has bought; optional `referred_id`.
"""

from typing import Final

from customer.vocabulary import TouchpointType

SURVEY_ANSWERED: Final = "Survey Answered"
TICKET_OPENED: Final = "Ticket Opened"
TICKET_CLOSED: Final = "Ticket Closed"
SERVICE_CONTACT: Final = "Service Contact"
REFERRAL_CONVERTED: Final = "Referral Converted"
PRODUCT_REVIEWED: Final = "Product Reviewed"

_NAMES: Final[dict[TouchpointType, tuple[str, ...]]] = {
    TouchpointType.ORDER: ("Order Completed", "Order Updated", "Order Refunded", "Order Cancelled"),
    TouchpointType.BROWSE: (
        *("Products Searched", "Product List Viewed", "Product List Filtered", "Product Clicked", "Product Viewed"),
        *("Product Added to Wishlist", "Product Removed from Wishlist", "Page Viewed", "Screen Viewed"),
        *("Application Opened", "Store Visited"),
    ),
    TouchpointType.CART: (
        *("Product Added", "Product Removed", "Cart Viewed", "Wishlist Product Added to Cart"),
        *("Checkout Started", "Checkout Step Viewed", "Checkout Step Completed", "Payment Info Entered"),
        *("Coupon Entered", "Coupon Applied", "Coupon Denied", "Coupon Removed"),
    ),
    TouchpointType.DELIVERY: (
        *("Delivery Dispatched", "Delivery Completed", "Order Collected", "Order Fulfilled", "Delivery Failed"),
    ),
    TouchpointType.CAMPAIGN: (
        *("Promotion Viewed", "Promotion Clicked", "Campaign Received", "Coupon Redeemed", "Unsubscribed"),
        *("Email Delivered", "Email Opened", "Email Link Clicked", "Email Bounced", "Email Marked as Spam"),
        *("SMS Delivered", "SMS Link Clicked", "Push Notification Received", "Push Notification Tapped"),
    ),
    TouchpointType.SERVICE: (
        *(SERVICE_CONTACT, TICKET_OPENED, "Ticket Updated", TICKET_CLOSED),
        *("Live Chat Conversation Started", "Live Chat Message Received", "Live Chat Conversation Ended"),
    ),
    TouchpointType.FEEDBACK: (SURVEY_ANSWERED, PRODUCT_REVIEWED, "Product Shared", "Cart Shared", REFERRAL_CONVERTED),
}
TYPE_OF_EVENT: Final[dict[str, TouchpointType]] = {name: kind for kind, names in _NAMES.items() for name in names}


def touchpoint_type(event_name: str) -> TouchpointType:
    """The type of a touchpoint by its event's name; OTHER for names nobody has given a meaning."""
    return TYPE_OF_EVENT.get(event_name, TouchpointType.OTHER)
