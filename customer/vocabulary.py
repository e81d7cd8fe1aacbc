"""The words of the domain as closed sets: the same spellings in SQL, on the wire and in the API."""

from enum import StrEnum


class LifecycleStage(StrEnum):
    PROSPECT = "PROSPECT"
    NEW = "NEW"
    DEVELOPING = "DEVELOPING"
    LOYAL = "LOYAL"
    AMBASSADOR = "AMBASSADOR"
    LAPSING = "LAPSING"
    FORMER = "FORMER"
    WON_BACK = "WON_BACK"
    DISCOVERY = "DISCOVERY"
    CONSIDERATION = "CONSIDERATION"
    CONVERSION = "CONVERSION"
    FULFILMENT = "FULFILMENT"
    RETENTION = "RETENTION"
    CUSTOM = "CUSTOM"


class AlertBasis(StrEnum):
    """Whose gaps between orders set a customer's alert and lost dates."""

    OWN = "OWN"
    CATEGORY = "CATEGORY"
    BRAND = "BRAND"
    OCCASIONS = "OCCASIONS"


class Channel(StrEnum):
    WEB = "WEB"
    APP = "APP"
    STORE = "STORE"
    CALL_CENTRE = "CALL_CENTRE"
    EMAIL = "EMAIL"
    SMS = "SMS"
    SOCIAL = "SOCIAL"
    MARKETPLACE = "MARKETPLACE"
    OTHER = "OTHER"


class TouchpointType(StrEnum):
    ORDER = "ORDER"
    BROWSE = "BROWSE"
    CART = "CART"
    DELIVERY = "DELIVERY"
    CAMPAIGN = "CAMPAIGN"
    SERVICE = "SERVICE"
    FEEDBACK = "FEEDBACK"
    OTHER = "OTHER"


class IdentityType(StrEnum):
    USER_ID = "USER_ID"
    EMAIL = "EMAIL"
    PHONE = "PHONE"
    LOYALTY_CARD = "LOYALTY_CARD"
    ACCOUNT = "ACCOUNT"
    ANONYMOUS_ID = "ANONYMOUS_ID"
    DEVICE_ID = "DEVICE_ID"
    ORDER_ID = "ORDER_ID"
    EXTERNAL = "EXTERNAL"


IDENTIFYING = frozenset(
    {
        IdentityType.USER_ID,
        IdentityType.EMAIL,
        IdentityType.PHONE,
        IdentityType.LOYALTY_CARD,
        IdentityType.ACCOUNT,
    }
)
"""Types that make their bearer a PROSPECT: somebody who can be addressed, unlike a device or a cookie."""


class PredictionKind(StrEnum):
    CHURN = "CHURN"
    NEXT_PURCHASE = "NEXT_PURCHASE"
    VALUE = "VALUE"
    LOYALTY_POTENTIAL = "LOYALTY_POTENTIAL"


class PredictionBasis(StrEnum):
    MODEL = "MODEL"
    BASELINE = "BASELINE"


class RiskBand(StrEnum):
    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
