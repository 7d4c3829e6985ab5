"""Signatures and envelopes: WeChat's own examples, an independent implementation, and whatever anybody may send."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.crypto import WeChatCrypto

from bot.channels.wechat.crypto import MessageCipher, is_signed, signature
from bot.channels.wechat.errors import UnreadablePushError, WeChatNotConfiguredError
from tests.fixtures.wechat_server import APP_ID, KEY, TOKEN

# XML 1.0 characters: what a message of WeChat can hold
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=300)


def test_the_documented_signature_comes_out() -> None:
    assert signature("AAAAA", "1714036504", "1514711492") == "f464b24fc39322e44b38aa78f5edd27bd1441696"


def test_the_documented_envelope_opens() -> None:
    encrypted = "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="
    assert signature("AAAAA", "1713424427", "415670741", encrypted) == "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1"
    assert MessageCipher("wxba5fad812f8e6fb9", ["A" * 43]).decrypt(encrypted) == ('{"demo_resp":"good luck"}', 0)


@given(TEXTS)
def test_what_is_closed_opens_again(text: str) -> None:
    assert MessageCipher(APP_ID, [KEY]).decrypt(MessageCipher(APP_ID, [KEY]).encrypt(text)) == (text, 0)


@given(TEXTS)
def test_envelopes_are_those_of_an_independent_implementation(text: str) -> None:
    peer, ours = WeChatCrypto(TOKEN, KEY, APP_ID), MessageCipher(APP_ID, [KEY])
    encrypted = ours.encrypt(f"<xml>{len(text)}</xml>")
    signed = signature(TOKEN, "1700000000", "77", encrypted)
    outer = f"<xml><ToUserName><![CDATA[gh]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
    assert peer.decrypt_message(outer, signed, "1700000000", "77") == f"<xml>{len(text)}</xml>"
    theirs = peer.encrypt_message(text, "77", "1700000000")
    wrapped = theirs.split("<Encrypt><![CDATA[")[1].split("]]>")[0]
    assert ours.decrypt(wrapped) == (text, 0)


@given(st.binary(max_size=200))
def test_no_ciphertext_breaks_it(data: bytes) -> None:
    with pytest.raises(UnreadablePushError):
        MessageCipher(APP_ID, [KEY]).decrypt(base64.b64encode(data).decode())


@given(st.text(max_size=100))
def test_no_text_that_is_not_base64_breaks_it(text: str) -> None:
    with pytest.raises(UnreadablePushError):
        MessageCipher(APP_ID, [KEY]).decrypt(text)


@given(TEXTS, st.integers(min_value=0))
def test_one_changed_bit_is_noticed_or_harmless(text: str, place: int) -> None:
    """AES-CBC hides a change in the noise; anywhere else the envelope does not open, or not to the same text in silence."""
    data = bytearray(base64.b64decode(MessageCipher(APP_ID, [KEY]).encrypt(text)))
    data[-1 - place % 32] ^= 1  # the last block holds padding and app id
    with pytest.raises(UnreadablePushError):
        MessageCipher(APP_ID, [KEY]).decrypt(base64.b64encode(bytes(data)).decode())


def test_an_old_key_is_tried_after_the_new_one() -> None:
    both = MessageCipher(APP_ID, ["N" * 43, KEY])
    assert both.decrypt(MessageCipher(APP_ID, [KEY]).encrypt("旧")) == ("旧", 1)
    assert MessageCipher(APP_ID, [KEY]).decrypt(both.encrypt("旧", 1)) == ("旧", 0)


@pytest.mark.parametrize("key", ["", "a" * 42, "a" * 44, "a" * 42 + "=", "密" * 43])
def test_a_key_of_another_form_is_named(key: str) -> None:
    with pytest.raises(WeChatNotConfiguredError, match="43 位"):
        MessageCipher(APP_ID, [key])


@given(st.text(max_size=60))
def test_only_the_signature_itself_passes(given_text: str) -> None:
    assert is_signed(signature(TOKEN, "1", "2"), TOKEN, "1", "2")
    assert not is_signed(given_text, TOKEN, "1", "2")
