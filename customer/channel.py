"""The everyday words for channels: what files and clients write, and the closed set we keep."""

from customer.vocabulary import Channel

_WORDS = {
    Channel.WEB: ("online", "site", "website", "ecommerce", "e-commerce", "internet", "browser", "desktop"),
    Channel.APP: ("mobile", "mobile_app", "ios", "android"),
    Channel.STORE: ("shop", "retail", "pos", "offline", "in-store", "in_store", "instore", "magasin", "boutique"),
    Channel.CALL_CENTRE: ("call_center", "call center", "call centre", "callcenter", "phone", "telephone", "téléphone"),
    Channel.EMAIL: ("e-mail", "mail", "newsletter"),
    Channel.SMS: ("text", "text_message"),
    Channel.SOCIAL: ("facebook", "instagram", "tiktok", "whatsapp", "social_media"),
    Channel.MARKETPLACE: ("amazon", "ebay", "market_place"),
}

_CHANNEL_OF: dict[str, Channel] = {str(channel).lower(): channel for channel in Channel}
_CHANNEL_OF |= {word: channel for channel, words in _WORDS.items() for word in words}
CHANNEL_MAP = "map {" + ", ".join(f"'{word}': '{channel}'" for word, channel in _CHANNEL_OF.items()) + "}"
"""For DuckDB: the channel of a word in lower case; null for an unknown one."""
