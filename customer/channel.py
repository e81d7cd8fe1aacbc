"""The everyday words for channels: what files and clients write, and the closed set we keep."""

from customer.vocabulary import Channel

CHANNEL_WORDS: dict[str, Channel] = {
    **{channel.lower(): channel for channel in Channel},
    **dict.fromkeys(("online", "site", "website", "ecommerce", "e-commerce", "internet", "browser", "desktop", "mobile_web"), Channel.WEB),
    **dict.fromkeys(("mobile", "mobile_app", "ios", "android"), Channel.APP),
    **dict.fromkeys(("shop", "retail", "pos", "offline", "in-store", "in_store", "instore", "magasin", "boutique"), Channel.STORE),
    **dict.fromkeys(("call_center", "call center", "call centre", "callcenter", "phone", "telephone", "téléphone"), Channel.CALL_CENTRE),
    **dict.fromkeys(("e-mail", "mail", "newsletter"), Channel.EMAIL),
    **dict.fromkeys(("text", "text_message"), Channel.SMS),
    **dict.fromkeys(("facebook", "instagram", "tiktok", "whatsapp", "social_media"), Channel.SOCIAL),
    **dict.fromkeys(("amazon", "ebay", "market_place"), Channel.MARKETPLACE),
}  # fmt: skip


def channel_of(word: str | None, *, default: Channel = Channel.OTHER) -> Channel:
    """The channel a word stands for; OTHER for an unknown word, `default` when there is none."""
    if word is None or not word.strip():
        return default
    return CHANNEL_WORDS.get(word.strip().lower(), Channel.OTHER)
