"""No bytes make a reader open an address or a file: playlists, references and names are refused unread."""

import subprocess
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from core.errors import ShowcaseError, UnsupportedMedia
from core.media import isolated, read_audio, read_image
from tests.media.samples import LIMITS

ID3 = b"ID3\x04\0\0\0\0\0\x05hello"
BODIES = {
    "m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{url}\n#EXT-X-ENDLIST\n",
    "ffconcat": "ffconcat version 1.0\nfile '{url}'\n",
    "DASH": "<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011'><BaseURL>{url}</BaseURL></MPD>",
    "SDP": "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\na=control:{url}\r\n",
    "PLS": "[playlist]\nFile1={url}\nNumberOfEntries=1\n",
    "ASX": "<asx version='3'><entry><ref href='{url}'/></entry></asx>",
}


@pytest.fixture
def server():
    """Yield the address of a server on this machine, and what was asked of it."""
    hits = []

    class Counting(BaseHTTPRequestHandler):
        def do_GET(self):
            hits.append(self.path)
            self.send_error(404)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Counting) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}/a.ts", hits
        http.shutdown()
        thread.join(timeout=10)


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\n ", ID3])
def test_playlists_are_refused_and_never_followed(server, name, before):
    url, hits = server
    body = before + BODIES[name].format(url=url).encode()
    for read in (read_audio, read_image):
        with pytest.raises(UnsupportedMedia, match="playlist" if before != ID3 else "unknown kind"):
            read(body, LIMITS, name="talk.wav")
    assert hits == []


@pytest.mark.parametrize(
    "before", [b"\0\0\0\x18ftypM4A \0\0\0\0M4A isom", b"\x1a\x45\xdf\xa3", b"#!AMR\n", b"\xff\xf1"]
)
@pytest.mark.parametrize("name", ["m3u8", "ffconcat"])
def test_a_playlist_behind_the_start_of_a_sound_is_not_followed(server, name, before):
    url, hits = server
    with suppress(ShowcaseError):  # AMR makes a noise of any bytes
        read_audio(before + BODIES[name].format(url=url).encode(), LIMITS)
    assert hits == []


@pytest.mark.parametrize(("name", "demuxer"), [("m3u8", "hls"), ("ffconcat", "concat"), ("DASH", "dash")])
def test_even_a_child_told_to_follow_a_playlist_cannot(server, name, demuxer):
    url, hits = server
    body = BODIES[name].format(url=url).encode()
    done = subprocess.run(
        [sys.executable, str(isolated._CHILD), "sound", demuxer], input=body, capture_output=True, timeout=60
    )
    assert done.returncode != 0
    assert hits == []


@pytest.mark.parametrize(
    "what", ["{url}", "file:///etc/hostname", "/etc/hostname", "http://169.254.169.254/", "pipe:0"]
)
def test_addresses_and_paths_are_only_text(server, what):
    url, hits = server
    for read in (read_audio, read_image):
        with pytest.raises(UnsupportedMedia, match="This is plain text"):
            read(what.format(url=url).encode(), LIMITS, name=what)
    assert hits == []
