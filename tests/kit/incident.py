# SPDX-License-Identifier: Apache-2.0
"""What is known of the night of 26 January 2018, for the story to tell and not to embellish.

Copied by hand from the project's fact sheets (incident.md, incident.json, coincheck-trace.csv),
which were compiled from published reports; the short source names stand beside each fact. All
times are JST (UTC+9). Basis:

  E  established: official, or two or more independent sources
  1  one source
  C  contested: sources disagree, `note` says how
  I  inferred by the compilers of the fact sheet

Amount and time of a fact have a basis each. Seconds are known for the first transfer alone. What
the story needs beyond that (the second in which a transfer is announced) is made by schedule(),
marked as assumed, and must be shown as assumed.
"""

from dataclasses import dataclass

XEM = 1_000_000
HOT_WALLET = "NC3BI3DNMR2PGEOOMP2NKXQGSAKMS7GYRKVA5CSZ"   # E: ITmedia, ocknamo
THIEF = "NC4C6PSUW5CLTDT5SXAGJDQJGZNESKFK5MCN77OG"        # E: many
TOTAL_XEM = 526_300_010                                  # E: company, Business Insider Japan
FIRST_REPORTED_XEM = 523_000_000                         # E: press conference of the same night
CUSTOMERS = 260_000                                      # E, "about"

BASIS = {"E": "established", "1": "one source", "C": "contested", "I": "inferred"}

# 2018-01-26 00:00:00 JST = 2018-01-25 15:00:00 UTC, in Unix seconds.
MIDNIGHT_UNIX_S = 1_516_892_400
NEM_EPOCH_UNIX_S = 1_427_587_585


def clock(seconds, with_seconds=False):
    """Seconds after midnight as JST."""
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}"
    return f"{text}:{seconds % 60:02d}" if with_seconds else text


def _at(hours, minutes, seconds=0):
    return hours * 3600 + minutes * 60 + seconds


@dataclass(frozen=True)
class Theft:
    """One of the eleven transfers from the hot wallet to the thief's first address."""

    number: int
    xem: int
    earliest: int          # seconds after midnight JST; a minute's first second unless `to_second`
    latest: int            # the last second that the sources leave open
    to_second: bool
    amount_basis: str
    time_basis: str
    note: str
    source: str

    @property
    def micro(self):
        return self.xem * XEM

    def when(self):
        """The time as far as it is known, with its mark: never more precise than the sources."""
        if self.to_second:
            text = clock(self.earliest, True)
        elif self.latest - self.earliest < 60:
            text = clock(self.earliest)
        else:
            text = f"{clock(self.earliest)} to {clock(self.latest)}"
        return f"{text} [{self.time_basis}]"


def _minute(hours, minutes):
    return _at(hours, minutes), _at(hours, minutes, 59), False


_FIVE = (_at(0, 4), _at(0, 9, 59), False)
_FIVE_NOTE = "one of five equal transfers; the minutes and seconds of each were not found"

THEFTS = (
    Theft(1, 10, _at(0, 2, 13), _at(0, 2, 13), True, "E", "E",
          "read as a test transfer; the minute is established, the seconds have one source",
          "minute and amount: Business Insider Japan, FT; seconds: ocknamo.com"),
    Theft(2, 100_000_000, *_FIVE, "E", "E", _FIVE_NOTE, "Business Insider Japan; ITmedia"),
    Theft(3, 100_000_000, *_FIVE, "E", "E", _FIVE_NOTE, "Business Insider Japan; ITmedia"),
    Theft(4, 100_000_000, *_FIVE, "E", "E", _FIVE_NOTE, "Business Insider Japan; ITmedia"),
    Theft(5, 100_000_000, *_FIVE, "E", "E", _FIVE_NOTE, "Business Insider Japan; ITmedia"),
    Theft(6, 100_000_000, *_FIVE, "E", "E", _FIVE_NOTE, "Business Insider Japan; ITmedia"),
    Theft(7, 20_000_000, *_minute(0, 10), "E", "I",
          "the minute is inferred from FT and Business Insider together",
          "amount: ITmedia; FT: 520 m in six transfers within eight minutes"),
    Theft(8, 3_000_000, *_minute(0, 21), "E", "C",
          "the minute is inferred: last of the eight between 00:02 and 00:21 (Kyodo, Yomiuri); "
          "ITmedia alone puts it within the first eight minutes or so",
          "amount: ITmedia; window: Kyodo, Yomiuri"),
    Theft(9, 1_500_000, *_minute(3, 35), "E", "E", "", "FT; Yomiuri (three more, 03:35 to 08:26)"),
    Theft(10, 1_000_000, *_minute(4, 33), "E", "1", "", "FT, in English and Japanese"),
    Theft(11, 800_000, *_minute(8, 26), "E", "E", "the wallet was empty after it (FT)",
          "FT; end of the window: company"),
)


@dataclass(frozen=True)
class Moment:
    """What people did and when."""

    at: int                # seconds after midnight JST (the minute)
    what: str
    basis: str
    note: str
    source: str

    def when(self):
        return f"{clock(self.at)} [{self.basis}]"


DETECTED = Moment(_at(11, 25), "the company sees an abnormal fall of its NEM balance", "E",
                  "", "press conference; fact list of cc-res.com")

MOMENTS = (
    DETECTED,
    Moment(_at(11, 58), "NEM transfers stopped internally", "E", "", "press conference"),
    Moment(_at(12, 7), "notice: NEM deposits restricted", "E", "", "cc-res.com, factoryplus.co.jp"),
    Moment(_at(12, 9), "NEM trading stopped", "C",
           "12:09 compensation notice; 12:38 public notice; 12:52 press conference; 12:57 other "
           "transcripts", "company notices, transcripts"),
    Moment(_at(12, 52), "notice: NEM withdrawals stopped", "E",
           "the press conference called 12:52 the trading stop", "cc-res.com, t-shimohara.com"),
    Moment(_at(16, 33), "all withdrawals stopped, yen included", "E", "", "press conference"),
    Moment(_at(17, 23), "trading of everything but BTC stopped", "E", "", "press conference"),
    Moment(_at(18, 50), "card, Pay-easy and convenience-store deposits stopped", "E", "",
           "cc-res.com, t-shimohara.com"),
    Moment(_at(23, 30), "press conference: 523 m XEM, 58 bn yen, one hot wallet, no multisig", "E",
           "figures corrected on 8 March 2018 to 526,300,010 XEM", "press conference"),
)

# E as a set; what each received was not found and must not be invented.
FIRST_HOPS = (
    "NDODXOWEIZGJSMAEURXACF4IEHC2CB7Q6T56V7SQ", "NBKLQYXEIVEEGARYPUM62UJIFHA3Y6R4LAPU6NP4",
    "NDZZJBH6JZPYSWRPRYHALLWMITWHOYTQGXR53HAW", "NDDZVF32WB3LWRNG3IVGHCOCAZWENCNRGEZJVCJI",
    "NB4QJJCLTZWVFWRFBKEMFOONOZFDH3V5IDK3G524", "NCF6IA5ZNKIUXE3COV7WK23EIOBEPDV5DJFZQTTH",
    "NA6JSWNF24Y7DVIUVPKRNAY7TPOFJJ7G2URL7KU5", "NA7SZ75KF6ZKK267TRKCJDJBWP5JKIC2HA5PXCKW",
    "NCTWFIOOVITRZYSYIGQ3PEI3IMVB25KMED53EWFQ", "NCM6WE7SJFDVTLSPTMZGBUZUETDYINITILS3DCIZ")

NOT_FOUND = ("the seconds of ten of the eleven transfers", "ten of the eleven transaction ids",
             "amounts of the onward moves", "how the holdings were spread over the customers")


@dataclass(frozen=True)
class Step:
    """A transfer with the second in which the story announces it."""

    theft: Theft
    at: int                # seconds after midnight JST
    assumed: bool          # True: the sources leave the second open, this one is ours

    def when(self):
        return f"{clock(self.at, True)} [{'assumed second' if self.assumed else 'known'}]"


def schedule():
    """The eleven in order, each in its own second inside what the sources leave open: the middle
    of the range, equal transfers spread evenly over theirs. No two share a second, since two equal
    payments in one second have the same hash and the second would not be paid (nem.md 5.4.2)."""
    steps = []
    for theft in THEFTS:
        alike = [t for t in THEFTS if (t.earliest, t.latest) == (theft.earliest, theft.latest)]
        width = theft.latest - theft.earliest + 1
        at = theft.earliest + (2 * alike.index(theft) + 1) * width // (2 * len(alike))
        steps.append(Step(theft, min(at, theft.latest), not theft.to_second))
    return steps


def nem_seconds(at):
    """Seconds after midnight JST of that night as NEM time."""
    return MIDNIGHT_UNIX_S + at - NEM_EPOCH_UNIX_S


def gone_until(at):
    """XEM gone at a moment at the latest, by what is known (a transfer counts from the end of what
    its sources leave open)."""
    return sum(theft.xem for theft in THEFTS if theft.latest <= at)


def unnoticed_s():
    """From the first transfer to detection, in seconds (the minute of detection counts from its
    first second): 11 h 22 min 47 s; the reports say 11 h 23 min."""
    return DETECTED.at - THEFTS[0].earliest
