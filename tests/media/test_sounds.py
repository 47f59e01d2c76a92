"""core.media.sounds: every kind of sound, mono, at the rate it was recorded at."""

import numpy as np
import pytest

from core.errors import BadInput, ShowcaseError, TooLarge, UnsupportedMedia
from core.media import Limits, read_audio, resample
from core.settings import Settings
from core.values import Audio
from tests.media.samples import LIMITS, TONE_HZ, muxed, picture, pitch_hz, saved, tone, written

ID3 = b"ID3\x04\0\0\0\0\0\x05hello"


def check_tone(audio, sampling_rate, seconds=1.0, *, within=0.12, level=0.5):
    samples = audio.array()
    assert audio.sampling_rate == sampling_rate
    assert audio.duration_s == pytest.approx(seconds, abs=within)
    assert pitch_hz(samples, sampling_rate) == pytest.approx(TONE_HZ, abs=3)
    assert np.abs(samples[len(samples) // 4 : -len(samples) // 4]).max() == pytest.approx(level, rel=0.15)


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize(
    ("subtype", "sampling_rate"),
    [
        ("PCM_U8", 8_000), ("PCM_16", 4_000), ("PCM_16", 16_000), ("PCM_24", 48_000), ("PCM_32", 44_100),
        ("FLOAT", 96_000), ("DOUBLE", 192_000), ("ALAW", 8_000), ("ULAW", 8_000),
    ],
)  # fmt: skip
def test_wav_in_every_coding(subtype, sampling_rate, channels):
    for kind in ("WAV", "WAVEX"):
        audio = read_audio(written(tone(0.5, sampling_rate, channels), sampling_rate, kind, subtype), LIMITS)
        check_tone(audio, sampling_rate, 0.5, within=1e-9)


@pytest.mark.parametrize(
    ("kind", "subtype", "sampling_rate"),
    [
        ("FLAC", "PCM_16", 16_000), ("FLAC", "PCM_24", 96_000), ("FLAC", "PCM_S8", 8_000),
        ("OGG", "VORBIS", 44_100), ("OGG", "OPUS", 48_000), ("OGG", "OPUS", 16_000),
        ("MP3", "MPEG_LAYER_III", 44_100), ("MP3", "MPEG_LAYER_III", 16_000),
    ],
)  # fmt: skip
def test_what_libsndfile_reads(kind, subtype, sampling_rate):
    data = written(tone(1.0, sampling_rate, 2), sampling_rate, kind, subtype)
    check_tone(read_audio(data, LIMITS), sampling_rate)


@pytest.mark.parametrize("kind", ["MP3", "FLAC"])
def test_tags_before_the_sound_are_skipped(kind):
    check_tone(read_audio(ID3 * 2 + written(tone(), 16_000, kind), LIMITS), 16_000)


@pytest.mark.parametrize(
    ("container", "codec", "sampling_rate", "film"),
    [
        ("ipod", "aac", 44_100, False), ("mp4", "aac", 16_000, True), ("ipod", "alac", 44_100, False),
        ("webm", "libopus", 48_000, False), ("webm", "libopus", 48_000, True), ("matroska", "flac", 16_000, False),
        ("adts", "aac", 24_000, False), ("amr", "libopencore_amrnb", 8_000, False),
        ("3gp", "libopencore_amrnb", 8_000, False),
    ],
)  # fmt: skip
def test_what_phones_and_browsers_record(container, codec, sampling_rate, film):
    check_tone(read_audio(muxed(container, codec, sampling_rate, film=film), LIMITS), sampling_rate)


def test_channels_become_their_mean():
    both = np.stack([tone()[:, 0], np.zeros(16_000, np.float32)], axis=1)
    check_tone(read_audio(written(both, 16_000, "WAV", "FLOAT"), LIMITS), 16_000, within=1e-9, level=0.25)
    opposite = np.stack([tone()[:, 0], -tone()[:, 0]], axis=1)
    assert read_audio(written(opposite, 16_000, "WAV", "FLOAT"), LIMITS).array().max() == 0


def test_silence_is_a_sound():
    audio = read_audio(written(np.zeros(8_000), 16_000, "WAV"), LIMITS)
    assert (audio.duration_s, audio.array().max()) == (0.5, 0)


@pytest.mark.parametrize("loudness", [2.0, 32_768.0, 1e30])
def test_floats_over_one_are_scaled_down_by_their_peak(loudness):
    samples = read_audio(written(tone() * loudness * 2, 16_000, "WAV", "DOUBLE"), LIMITS).array()
    assert np.abs(samples).max() == 1.0
    np.testing.assert_allclose(samples, tone()[:, 0] * 2, atol=1e-5)


def test_floats_up_to_one_are_left_as_they_are():
    assert np.array_equal(read_audio(written(tone(), 16_000, "WAV", "FLOAT"), LIMITS).array(), tone()[:, 0])


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("channels", [1, 2])
def test_samples_that_are_not_numbers_are_refused(odd, channels):
    samples = tone(channels=channels)
    samples[-1, 0] = odd
    with pytest.raises(BadInput, match="samples that are not numbers"):
        read_audio(written(samples, 16_000, "WAV", "FLOAT"), LIMITS)


def test_the_limit_names_both_lengths():
    limits = Limits.of(Settings(max_audio_s=60.0))
    with pytest.raises(TooLarge) as caught:
        read_audio(written(np.zeros(94 * 4_000), 4_000, "WAV", "PCM_U8"), limits)
    assert caught.value.message == "This sound is 94 s long; the limit is 60 s."
    assert caught.value.hint == "Trim it and try again."
    assert read_audio(written(np.zeros(60 * 4_000 + 400), 4_000, "FLAC"), limits).duration_s == pytest.approx(60.1)


def test_the_limit_shrinks_above_48_khz():
    with pytest.raises(TooLarge, match=r"This sound is 2 s long; the limit at 192 kHz is 1 s\."):
        read_audio(written(np.zeros(2 * 192_000), 192_000, "FLAC"), Limits.of(Settings(max_audio_s=4.0)))


@pytest.mark.parametrize("sampling_rate", [1, 3_999, 192_001, 655_350])
def test_rates_that_no_sound_is_recorded_at_are_refused(sampling_rate):
    data = written(np.zeros(sampling_rate), sampling_rate, "WAV")
    with pytest.raises(BadInput, match=f"This sound has {sampling_rate:,} samples a second; 4,000 to 192,000"):
        read_audio(data, LIMITS)


def test_an_orchestra_of_channels_is_refused():
    with pytest.raises(BadInput, match="17 channels; the limit is 16"):
        read_audio(written(np.zeros((800, 17)), 8_000, "WAV"), LIMITS)


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG"])
def test_no_samples_at_all_are_refused(kind):
    with pytest.raises(BadInput):
        read_audio(written(np.zeros(0), 16_000, kind), LIMITS)


def test_a_click_is_too_short():
    with pytest.raises(BadInput, match=r"This sound is only 12\.5 ms long; it takes at least 30 ms\."):
        read_audio(written(np.zeros(200), 16_000, "WAV"), LIMITS)


@pytest.mark.parametrize("kind", ["WAV", "FLAC"])
def test_a_sound_that_is_cut_off_is_refused_and_says_so(kind):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 160_000)
    data = written(noise, 16_000, kind)
    with pytest.raises(BadInput, match="cut off"):
        read_audio(data[: len(data) // 2], LIMITS)


def test_an_m4a_that_is_cut_off_is_refused():
    whole = muxed("ipod", "aac", 16_000, 4.0)
    with pytest.raises(BadInput, match="This M4A sound is damaged or cut off"):
        read_audio(whole[: len(whole) // 2], LIMITS)


def test_a_webm_that_is_cut_off_says_how_much_is_there():
    whole = muxed("webm", "libopus", 48_000, 4.0)
    with pytest.raises(BadInput, match=r"This sound is cut off: 2(\.\d)? s of 4\.1 s are there"):
        read_audio(whole[: len(whole) // 2], LIMITS)


def test_a_film_without_sound_is_refused():
    import io

    import av

    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as output:
        track = output.add_stream("mpeg4", rate=10)
        track.width = track.height = 32
        track.pix_fmt = "yuv420p"
        output.mux(list(track.encode(av.VideoFrame(32, 32, "yuv420p"))))
        output.mux(list(track.encode(None)))
    with pytest.raises(UnsupportedMedia, match="This MP4 film has no sound in it"):
        read_audio(file.getvalue(), LIMITS)


def test_a_coding_that_is_not_read_is_named():
    with pytest.raises(UnsupportedMedia, match="The sound in this file is coded as pcm_s16le"):
        read_audio(muxed("mov", "pcm_s16le", 16_000), LIMITS)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (saved(picture(), "PNG"), r"This is a PNG picture, not a sound\. 'talk\.wav' is only its name"),
        (saved(picture(), "AVIF"), r"This is an AVIF picture, not a sound\."),
        (b"I am a sound, honestly", r"This is plain text, not a sound\."),
        (b"http://127.0.0.1:9/talk.wav", r"This is plain text, not a sound\."),
        (b"/etc/hostname", r"This is plain text, not a sound\."),
        (b"RIFF\x10\0\0\0AVI LIST", r"This is an AVI film, not a sound\."),
        (written(tone(), 16_000, "AIFF"), "This is an AIFF sound, which cannot be read here"),
        (written(tone(), 16_000, "W64"), "This is a Wave64 sound, which cannot be read here"),
        (b"\x7fELF\x02", "This is a file of an unknown kind, not a sound"),
    ],
)
def test_what_is_not_a_sound_is_called_what_it_is(data, sentence):
    with pytest.raises(UnsupportedMedia, match=sentence):
        read_audio(data, LIMITS, name="talk.wav")


@pytest.mark.parametrize("data", [b"OggS", b"fLaC", b"\xff\xfb\x90\x00", b"RIFF\0\0\0\0WAVE", b"#!AMR\n", b"OggS" * 99])
def test_a_start_with_nothing_behind_it_is_refused(data):
    with pytest.raises(ShowcaseError):
        read_audio(data, LIMITS)


@pytest.mark.parametrize(("old", "new"), [(44_100, 16_000), (8_000, 16_000), (48_000, 44_100), (96_000, 16_000)])
def test_resampling_keeps_pitch_level_and_length(old, new):
    audio = resample(Audio.from_array(tone(1.0, old)[:, 0], old), new)
    check_tone(audio, new, within=1.01 / new)
    assert audio.array().dtype == np.float32


def test_resampling_to_the_same_rate_changes_nothing():
    audio = Audio.from_array(tone()[:, 0], 16_000)
    assert resample(audio, 16_000) is audio


def test_resampling_stays_in_range_and_works_between_odd_rates():
    square = Audio.from_array(np.sign(tone(0.1, 44_100)[:, 0]), 44_100)
    assert np.abs(resample(square, 16_000).array()).max() <= 1.0
    assert resample(square, 15_999).duration_s == pytest.approx(0.1, abs=1 / 15_999)
