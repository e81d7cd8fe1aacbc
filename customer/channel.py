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

CHANNEL_WORDS: dict[str, Channel] = {str(channel).lower(): channel for channel in Channel}
CHANNEL_WORDS |= {word: channel for channel, words in _WORDS.items() for word in words}


def channel_of(word: str | None, *, default: Channel = Channel.OTHER) -> Channel:
    """The channel a word stands for; OTHER for an unknown word, `default` when there is none."""
    if word is None or not word.strip():
        return default
    return CHANNEL_WORDS.get(word.strip().lower(), Channel.OTHER)
