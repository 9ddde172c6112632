/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kuramori - the tool of one person: look at a payment, say yes or no to it, stop everything, see
 * how things stand, check a journal.
 *
 * Guided: this file has the options and the table of commands; order.c shows and approves (it shows
 * the order decoded from the document itself, never from what the server says about it); passkey.c
 * approves with a security key; stop.c freezes, past the server, and asks everybody how they are;
 * audit.c verifies journals; price.c is what a price source says;
 * checkpoint.c signs and reads checkpoints; policy*.c ask src/policy; unlock.c brings a signer its
 * passphrase, by a token if wished (token.c); qr*.c carry documents as pictures; nem*.c are
 * `kuramori nem`, trace*.c are `kuramori trace`;
 * common.c has what they share.  Nothing here holds a rule of the policy.
 */
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/check.h"
#include "chain/nem/nem_nodes.h"
#include "cli.h"
#include "crypto/crypto.h"
#include "io/config.h"
#include "io/file.h"
#include "io/notes.h"
#include "io/words.h"
#include "kuramori_catalogues.h"
#include "nem.h"
#include "qr.h"
#include "trace.h"

enum { TEXT_MAX = 65536, ENTRY_MAX = 4096 };

static const struct config_row rows[] = {
	{ "api", CONFIG_STRING, "127.0.0.1:8480", 0, 0, CONFIG_FIELD(cli, api), "HOST:PORT",
	  "where kuramorid answers" },
	{ "token_file", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(cli, token_file), "FILE",
	  "bearer token of the API, mode 0400" },
	{ "genesis_file", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(cli, genesis_file), "FILE",
	  "the genesis document that you compared in words" },
	{ "roster_file", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(cli, roster_file), "FILE",
	  "the roster: who holds which key" },
	{ "policy_file", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(cli, policy_file), "FILE",
	  "policy explain: by which policy; policy grant: the one that it must keep to; policy "
	  "propose, policy next, sweep: the one that is in force" },
	{ "person", CONFIG_STRING, "", 0, 0, CONFIG_FIELD(cli, person), "ID",
	  "who you are on the roster" },
	{ "key_file", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(cli, key_file), "FILE",
	  "your sealed key (kuramori key new)" },
	{ "passphrase_file", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(cli, passphrase_file), "FILE",
	  "read the passphrase from this file of mode 0400 instead of the terminal; for "
	  "automation" },
	{ "passkey_file", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(cli, passkey_file), "FILE",
	  "approve, prove: the answer of your security key, instead of key_file" },
	{ "prove_file", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(cli, prove_file), "FILE",
	  "freeze, cancel, close, approve --no, day sign, resume, propose, grant: write it into "
	  "this "
	  "new file and print what your security key is to be asked, instead of signing; then: "
	  "prove" },
	{ "token_module", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(cli, token_module), "FILE",
	  "unlock, token wrap: the PKCS#11 library of a token" },
	{ "token_key", CONFIG_STRING, "", 0, 0, CONFIG_FIELD(cli, token_key), "LABEL",
	  "unlock, token wrap: the RSA key of the token that opens wrapped_file" },
	{ "wrapped_file", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(cli, wrapped_file), "FILE",
	  "unlock: the passphrase as token wrap wrote it; passphrase_file then has the PIN" },
	{ "stop#_socket", CONFIG_PATH, "", 0, 0, CONFIG_ARRAY(cli, stop_socket), "SOCKET",
	  "stop sockets of both signers and all watchers: freeze goes to each, past the server" },
	{ "reason", CONFIG_STRING, "", 0, 0, CONFIG_FIELD(cli, reason), "TEXT",
	  "why you freeze, resume, cancel, close or refund; it stands in the document" },
	{ "strike", CONFIG_STRING, "", 0, 0, CONFIG_FIELD(cli, strike), "KEY,KEY",
	  "resume: public keys that count no more, anywhere, from then on" },
	{ "evacuate", CONFIG_BOOL, "no", 0, 0, CONFIG_FIELD(cli, evacuate), "yes|no",
	  "freeze: also ask for evacuation (two officers must)" },
	{ "no", CONFIG_BOOL, "no", 0, 0, CONFIG_FIELD(cli, no), "yes|no",
	  "approve: say no instead of yes; one no ends the order" },
	{ "journal_secret_file", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(cli, journal_secret_file),
	  "FILE",
	  "audit verify, books verify, backup, restore, day: the journal's secret, to recompute "
	  "the "
	  "salted tree too" },
	{ "checkpoint_file", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(cli, checkpoint_file), "FILE",
	  "audit verify: kuramorid's journal must begin with what an auditor signed here" },
	{ "as_of", CONFIG_STRING, "", 0, 0, CONFIG_FIELD(cli, as_of), "TIME",
	  "books: as they were at this moment: 2018-01-26T00:02:13Z, or milliseconds since 1970" },
	{ "journal", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(cli, journal), "FILE",
	  "policy explain: what the signer knew whose journal, or a copy of it, this is" },
	{ "at", CONFIG_STRING, "", 0, 0, CONFIG_FIELD(cli, at), "TIME",
	  "policy explain: at this moment, as in as_of; without it now" },
	{ "server", CONFIG_BOOL, "no", 0, 0, CONFIG_FIELD(cli, server), "yes|no",
	  "books balance, books statement: ask the running kuramorid instead of a journal" },
	{ "id", CONFIG_STRING, "", 0, 0, CONFIG_FIELD(cli, id), "UUID",
	  "books close, limit, hold: the id of a command that got no answer, to ask again" },
	{ "rate", CONFIG_STRING, "", 0, 0, CONFIG_FIELD(cli, rate), "YEN",
	  "books refund plan: yen for one XEM, as 88.549" },
	{ "format", CONFIG_STRING, "csv", 0, 0, CONFIG_FIELD(cli, format), "csv|json|hledger",
	  "books export: for a spreadsheet, a script, or hledger" },
	{ "timeout_ms", CONFIG_U64, "5000", 100, 600000, CONFIG_FIELD(cli, timeout_ms), "MS",
	  "how long to wait for an answer" },
	{ "network", CONFIG_STRING, "testnet", 0, 0, CONFIG_FIELD(cli, network),
	  "mainnet|testnet|mijin", "nem: whose addresses and transactions are meant" },
	{ "nem_key_file", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(cli, nem_key_file), "FILE",
	  "nem tx sign, nem message: the private key, mode 0400 or 0600 (kuramori nem key new)" },
	{ "tagger_file", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(cli, tagger_file), "FILE",
	  "nem tag read: whose tags are believed, a line each" },
	{ "cipher", CONFIG_STRING, "new", 0, 0, CONFIG_FIELD(cli, cipher), "old|new",
	  "nem message encrypt: what the other's wallet reads; old: NIS, nem-sdk; new: "
	  "symbol-sdk" },
	{ "account", CONFIG_U32, "0", 0, 0x7fffffff, CONFIG_FIELD(cli, account), "N",
	  "nem key derive: which account of the words" },
	{ "agree", CONFIG_U32, "0", 0, NEM_NODES_MAX, CONFIG_FIELD(cli, agree), "K",
	  "nem: how many of the nodes must say the same; 0: more than half" },
	{ "holding_file", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(cli, holding_file), "FILE",
	  "refill, prepare: the holding, who keeps the cold keys; rotate sign, holding next: the "
	  "one before" },
	{ "drill_folder", CONFIG_PATH, "", 0, 0, CONFIG_FIELD(cli, drill_folder), "DIR",
	  "prepare name, refill propose into a box, rotate next: drills of cold holders, files "
	  "whose names begin with drill; without enough valid ones no box gets anything" },
	{ "refill_floor", CONFIG_STRING, "", 0, 0, CONFIG_FIELD(cli, refill_floor), "AMOUNT",
	  "refill propose: only when tills and purses together hold less, in micro-XEM" },
	{ "refill_target", CONFIG_STRING, "", 0, 0, CONFIG_FIELD(cli, refill_target), "AMOUNT",
	  "refill propose: the box must lift them to this at least; more than refill_floor, so "
	  "that "
	  "one refill lasts" },
	{ "dry_run", CONFIG_BOOL, "no", 0, 0, CONFIG_FIELD(cli, dry_run), "yes|no",
	  "refill propose, sweep close, prepare announce: show it and write, sign or send "
	  "nothing" },
	{ "wait_s", CONFIG_U64, "300", 0, 86400, CONFIG_FIELD(cli, wait_s), "S",
	  "nem tx announce: how long to wait until the transaction stands in a block; prepare "
	  "follow: until all are boxes" },
};

/* In pieces: a compiler need not take longer ones. */
static const char text_system[] =
    "Commands:\n"
    "  order show FILE|-      decode an order from its document and print what it would pay\n"
    "  order show ID          the same, fetched from the API by the order's id\n"
    "  approve ID             show the order, posting or plan, then sign yes (--no yes: no) and\n"
    "                         hand it in; a no to an order goes to every stop socket, and nothing\n"
    "                         is ever signed for its request\n"
    "  challenge ID FILE      show it, write your yes (--no yes: no) into FILE, and print what\n"
    "                         your security key is to be asked (WebAuthn, JSON)\n"
    "  approve FILE --passkey-file ANSWER\n"
    "                         hand that in with the key's answer (JSON of the browser)\n"
    "  prove FILE --passkey-file ANSWER\n"
    "                         the key's answer to what --prove-file wrote into FILE and printed:\n"
    "                         goes on as if you had signed it: a freeze, for one, to every stop\n"
    "                         socket\n"
    "  withdrawal history ID  every change of state of a withdrawal: when, what, who, why\n"
    "  freeze --reason TEXT   stop every signer; prints who has persisted it\n"
    "  resume FILE --reason TEXT\n"
    "                         start again: FILE names every freeze that binds now and is signed "
    "by\n"
    "                         you; the next officer signs the same FILE; with the last signature\n"
    "                         that the roster asks for it goes to everybody\n"
    "  policy propose FILE, roster propose FILE\n"
    "                         the next policy or roster, from a draft (JSON): signed in turn as a\n"
    "                         resume is; what loosens is announced and waits\n"
    "  policy grant FILE [to=ADDRESS up_to=N until=TIME [from=TIME]] --reason TEXT\n"
    "                         leave to pay an address that is not listed so many smallest units\n"
    "                         at once, until then: announced, waits, runs, ends by itself; "
    "without\n"
    "                         words: the next officer signs FILE\n"
    "  cancel ID --reason TEXT\n"
    "                         what waits and has this id never comes into force, a grant that\n"
    "                         runs is over; an order of\n"
    "                         this id, or for the request of this id, is never signed\n"
    "  close ADDRESS --reason TEXT\n"
    "                         a hot account pays no more, for ever; the watchers empty it to its\n"
    "                         spare box\n"
    "  show FILE|-...         any document in words: every field, the id in 24 words, who signed "
    "it "
    "and\n"
    "                         whether that verifies; a holding beside the one before it\n"
    "                         (holding_file); ends with 1 if a signature does not verify\n"
    "  genesis words FILE     the id of a genesis document in 24 words: two people compare them\n"
    "                         with what each machine writes into its log when it starts\n"
    "  price sign YEN         print a signed price: so much is one XEM, says the price source "
    "that\n"
    "                         person names\n"
    "  price put FILE|-       hand in what `price sign` has printed; a price counts while it is\n"
    "                         fresh, so again and again: price sign 88.5 | price put -\n"
    "  status                 how signers, watchers and the server are; ends with 4 if one of\n"
    "                         them does not answer, else with 5 if one is frozen or locked\n";

static const char text_ceremony[] =
    "  prepare announce UNIT HOST:PORT...\n"
    "                         judges each conversion that kuramori-cold convert wrote into UNIT, "
    "then\n"
    "                         hands those whose account has its fee to the nodes; only shown with\n"
    "                         --dry-run yes\n"
    "  prepare status HOST:PORT...\n"
    "                         how far each box and spare box of genesis is, and what to do next\n"
    "  prepare follow UNIT HOST:PORT...\n"
    "                         how deep those of UNIT are, until none can be undone, wait_s long\n"
    "  prepare name ADDRESS HOST:PORT...\n"
    "                         prints the address if it is a box that coins may be sent to: "
    "today's\n"
    "                         holders control it, 360 blocks deep, it is empty, and drills are "
    "valid\n"
    "  transcript verify FILE [PHOTO...]\n"
    "                         is the transcript of a ceremony what was written, line by line, who "
    "has\n"
    "                         signed it, and are these its photographs\n"
    "  transcript show FILE   the same line by line, in words\n"
    "  transcript note FILE TEXT\n"
    "                         one line more\n"
    "  transcript photo FILE PHOTO...\n"
    "                         the SHA-256 of each photograph as a line\n"
    "  transcript sign FILE   signs all that stands there, as person\n";

static const char text_cold[] =
    "  tally FOLDER REFILL|ADDRESS...\n"
    "                         what the box of a refill, or up to four accounts of ours, hold, "
    "signed "
    "by\n"
    "                         each watcher whose stop socket is configured: FOLDER/tally-WATCHER, "
    "for\n"
    "                         cold holders; ends with 4 if they are too few\n"
    "  refill propose FILE [box=ADDRESS] [to=ADDRESS] [by=HOLDER,HOLDER,...] "
    "[previous=FILE]\n"
    "                         if tills and purses hold less than refill_floor: the smallest whole "
    "box\n"
    "                         that lifts them to refill_target, into the emptiest purse, as the "
    "new\n"
    "                         FILE for the cold holders; says in words what it would do (only "
    "that\n"
    "                         with --dry-run yes); box=: this box, whatever they hold; previous=: "
    "in\n"
    "                         place of that refill, whose day is over\n"
    "  refill collect REFILL ANSWER... [node=HOST:PORT...]\n"
    "                         verifies the holders' answers and tells every watcher of them; when\n"
    "                         all have answered and all watchers know it, hands it to the nodes "
    "and\n"
    "                         waits for its block; a watcher that is not told calls it a theft\n"
    "  refill status REFILL [ANSWER...]\n"
    "                         how many have answered, how long its day lasts, what became of it\n"
    "  refill holding         tells every watcher of holding_file, as soon as officers have signed "
    "it:\n"
    "                         until then, or a refill under it, answers under the one before "
    "count\n"
    "  sweep status           do tills, purses and deposit accounts together hold more than the "
    "hot\n"
    "                         ceiling of policy_file, and which purse goes by rule; ends with 1 "
    "if\n"
    "                         they do\n"
    "  sweep close            closes that purse, as an officer: it goes whole to its spare box;\n"
    "                         with --dry-run yes only shown\n"
    "  rotate sign FILE       signs the next holding, which FILE has (or its body alone), as an "
    "officer\n"
    "  rotate tell HOLDING... tells every watcher of holdings, one after the other\n"
    "  rotate plan old=HOLDING... [a_day=N]\n"
    "                         boxes of those whom earlier holdings named: what has moved, and "
    "which "
    "moves\n"
    "                         into new boxes on which day, by whom; N moves a day at most (1)\n"
    "  rotate next FILE old=HOLDING... [a_day=N]\n"
    "                         the first of these moves as a refill, for the holders; then go on as "
    "with\n"
    "                         any refill, with old=HOLDING at refill collect and refill status\n"
    "  recover make FILE PEOPLE\n"
    "                         when too few officers are left: the next roster as the new FILE, "
    "with "
    "the\n"
    "                         people of PEOPLE (the list as the roster has it) and nothing else "
    "changed,\n"
    "                         for cold holders to sign (kuramori-cold endorse)\n"
    "  recover show FILE      what it changes, in words, and how many holders have signed it\n"
    "  recover tell FILE      hands it in everywhere, as soon as enough have: it is announced and\n"
    "                         waits; or a holder's no to it (kuramori-cold refuse)\n";

static const char text_found[] =
    "  roster make FILE NAME=VALUE...\n"
    "                         the first roster, as a draft that genesis is to name. Words here "
    "and\n"
    "                         below may stand in a file, a line each: @FILE.\n"
    "         person=ID:ROLES:KEY   roles: officer, approver, auditor; KEY as key new prints it\n"
    "         passkey=ID:ALGORITHM:CREDENTIAL:KEY   his security key (hexadecimal)\n"
    "         governance=N    so many officers sign what rules next\n"
    "         signer=a:ATTEST_KEY:CHAIN_KEY, signer=b:...   the two signers\n"
    "         watcher=ID:KEY, watchers_needed=N   more than half of them must be well\n"
    "         backend=ID:KEY  who may ask for payments\n"
    "         price=ID:KEY, prices_needed=N   price sources, and how many must agree (0: none)\n"
    "         holder=ID:ATTEST_KEY   cold holders who recover a lost quorum; their keys are made\n"
    "                         under genesis, so they come by the next roster\n"
    "         software_approvals=yes|no   do software keys approve orders, too (yes)\n"
    "         relying_party=HOST, origin=URL   for whom security keys sign\n"
    "  policy make FILE NAME=VALUE...\n"
    "                         the first policy, likewise; each field of docs/policy.md by its "
    "name,\n"
    "                         with its unit (payment_max=1000XEM, loosening_ms=1d), and:\n"
    "         tier=AMOUNT:APPROVALS:DURATION   from the smallest up: so many must say yes, and\n"
    "                         it must be known for so long\n"
    "         destination=NAME:ADDRESS   who is listed\n"
    "         hours=DAYS:FROM_MINUTE:TO_MINUTE:AMOUNT   at most so much at such times (UTC)\n"
    "         yen=HOUR_MAX:DAY_MAX:DURATION:JUMP_BP   caps in yen, and how old prices may be\n";

static const char text_found_cold[] =
    "  genesis make FOLDER NAME=VALUE...\n"
    "                         genesis, roster and policy as new files of FOLDER, out of:\n"
    "         network=mainnet|testnet|mijin\n"
    "         nemesis=HASH or node=HOST:PORT...   block 1 of the chain; of mainnet it is known\n"
    "         roster=FILE, policy=FILE   the drafts that it names\n"
    "         list=FILE       accounts as kuramori-cold accounts wrote them, used in their order:\n"
    "         hot=till|purse|deposit:PUBLIC_KEY   a hot account; its spare box is the next of the "
    "list\n"
    "         boxes=N, spares=N   the next N of it are boxes, further spare boxes\n"
    "         box=ADDRESS, spare=ADDRESS, hot=KIND:PUBLIC_KEY:SPARE_ADDRESS   the same without a "
    "list\n"
    "         holders=N, needed=M   of N cold holders M move a box, and recover a lost quorum\n"
    "  holding make FILE NAME=VALUE...\n"
    "                         the first holding, for officers to sign (rotate sign):\n"
    "         holder=ID:KEY:ATTEST_KEY[:REGISTRATION]   as kuramori-cold init and register print "
    "them\n"
    "         limit=AMOUNT, window_ms=DURATION   one holder signs for so much within so long\n"
    "         residue_max=AMOUNT   stays behind in a box at most\n"
    "         tally_age_ms=DURATION   so long watchers' tallies are good (a day at most)\n"
    "  roster next FILE NAME=VALUE..., policy next FILE NAME=VALUE..., holding next FILE "
    "NAME=VALUE...\n"
    "                         the successor of roster_file, policy_file or holding_file: the "
    "same\n"
    "                         words for what changes, gone=NAME for who goes; then roster "
    "propose,\n"
    "                         policy propose, rotate sign\n"
    "  key check              is the key in key_file person's on roster_file, and roster 1 the "
    "one\n"
    "                         that genesis names: everybody, for himself, before it counts; of a\n"
    "                         watcher or back end, too\n";

static const char text_books[] =
    "  audit verify FILE...   verify journals of stopped programs: chain, records, books\n"
    "  audit checkpoint       sign size and root of kuramorid's journal, as an auditor\n"
    "  day compare JOURNAL LIST\n"
    "                         what left by a watcher's JOURNAL (or a copy of it) since the last "
    "day,\n"
    "                         against the back end's own LIST, lines of REQUEST_ID,AMOUNT in\n"
    "                         micro-XEM: every difference; ends with 1 if there is one\n"
    "  day sign JOURNAL LIST FILE\n"
    "                         the same; if nothing differs, signs into the new FILE that you "
    "compared,\n"
    "                         as an officer or auditor: payments without approvals go on\n"
    "  day put FILE           hand it in\n"
    "  books balance JOURNAL [ACCOUNT...]\n"
    "                         what kuramorid's journal adds up to, by kind or for these accounts:\n"
    "                         customer:NAME, till:ADDRESS, jpy/customer:NAME, or an id; as_of: at "
    "any\n"
    "                         past moment\n"
    "  books statement JOURNAL ACCOUNT\n"
    "                         every posting of one account, with its balance after it\n"
    "  books balance ACCOUNT... --server yes, books statement ACCOUNT --server yes\n"
    "                         the same from the running kuramorid\n"
    "  books export JOURNAL   every posting, in `format`\n"
    "  books verify JOURNAL   every law of the books from the raw rows; names the first row that\n"
    "                         breaks one; journal_secret_file: the salted tree too\n"
    "  books backup FILE      copy the journal of the running kuramorid; a FILE that is there is "
    "gone\n"
    "                         on with; every record is verified and booked again on the way\n"
    "  books restore FILE JOURNAL\n"
    "                         a journal out of a backup; never overwrites one; docs/restore.md\n"
    "  books close ACCOUNT    nothing is posted to it any more, for ever: it must be empty; with "
    "the\n"
    "                         settlement's token in token_file, as the next three\n"
    "  books limit ACCOUNT AMOUNT\n"
    "                         the most that it may hold from now on, in smallest units; 0: any\n"
    "  books hold DEBIT CREDIT AMOUNT MOMENT\n"
    "                         hold an amount that is released by itself at MOMENT, a time as in\n"
    "                         as_of\n"
    "  books entries FILE|-   any number of entries of POST /v1/transfers, each with its id; "
    "again\n"
    "                         books nothing twice\n"
    "  books post FILE|-      transfers that two other people must approve, from a draft (JSON)\n"
    "  books refund plan CLAIMS ROWS PLAN [JOURNAL]\n"
    "                         rows and plan of a refund at `rate` for what CLAIMS say was lost\n"
    "                         at `as_of`; with the journal that moment is named in it\n"
    "  books refund check PLAN ROWS\n"
    "                         do the rows add up to what the plan says?\n"
    "  books refund propose PLAN\n"
    "                         hand it in: three other people must approve it\n"
    "  books refund show PLAN ROWS CUSTOMER\n"
    "                         one row with its proof that the plan has it\n"
    "  key new FILE           make and seal a software key; prints the public key for the roster\n"
    "  unlock SOCKET          bring the passphrase of its sealed key to the signer that waits "
    "there:\n"
    "                         asked for, or out of wrapped_file by a PKCS#11 token\n"
    "  token wrap FILE        encrypt a passphrase so that only the token opens it\n"
    "  qr show FILE... [NAME=VALUE...]\n"
    "                         documents as one animation of QR codes, for a machine without "
    "network:\n"
    "                         on the terminal until a key is pressed, else its texts, one a line;\n"
    "                         svg=FILE a drawing that plays in a browser, png=FOLDER pictures;\n"
    "                         rate=N frames a second (5), fragment=N bytes a frame, frames=N\n"
    "  qr read FILE|- FOLDER  texts of QR codes, one a line, as `zbarcam --raw` or\n"
    "                         `zbarimg --raw` print them, until they suffice; what came is "
    "judged,\n"
    "                         then written into new files of FOLDER\n";

static const char text_policy[] =
    "  policy check FILE      is this policy complete, and what can so many people move under it\n"
    "  policy compare OLD NEW what tightens and what loosens, of two policies or two rosters; "
    "ends\n"
    "                         with 1 if something loosens\n"
    "  policy explain ORDER|- [NAME=VALUE...]\n"
    "                         every rule of policy_file for this order, with figure and limit; "
    "ends\n"
    "                         with 1 if one refuses it; docs/policy.md has the names; with\n"
    "                         --journal FILE [--at TIME] as this signer had it then, and what "
    "it\n"
    "                         said of the order\n"
    "  policy test POLICY CASES\n"
    "                         judges a table of cases (docs/policy.md); ends with 1 if one is "
    "judged\n"
    "                         otherwise than it says\n";

static const char text_nem[] =
    "  nem key new FILE       make a NEM key, unsealed, for tests and small accounts\n"
    "  nem key words FILE     make 24 words (BIP39), unsealed, in a file of your own\n"
    "  nem key derive FILE|- NEWFILE\n"
    "                         the key of `account` that words have (m/44'/43'/N'/0'/0'; on "
    "testnet\n"
    "                         coin 1'); with passphrase_file if the words have a passphrase\n"
    "  nem key show FILE|-    public key and address of a private key\n"
    "  nem address TEXT [TEXT] check an address, or derive it from a public key; two: compare\n"
    "  nem tx build FILE|-    JSON of NIS in any order, out in its one form; times and least fees\n"
    "                         are filled in where they are missing\n"
    "  nem tx build TYPE NAME=VALUE...\n"
    "                         the same said in words; every type takes from=KEY [fee=XEM]\n"
    "                         [deadline_s=N]:\n"
    "         transfer        to=ADDRESS amount=XEM | mosaic=NS:NAME=UNITS...\n"
    "                         [message=TEXT | encrypted=HEX]\n"
    "         importance      remote=KEY mode=activate|deactivate\n"
    "         cosigners       [add=KEY...] [remove=KEY...] [change=+N|-N]\n"
    "         wrap            inner=FILE|- (what tx build printed): for an account of several "
    "keys\n"
    "         cosign          payment=HASH account=ADDRESS\n"
    "         namespace       name=NAME, with dots below a root\n"
    "         mosaic          id=NS:NAME description=TEXT supply=N [divisibility=0..6]\n"
    "                         [mutable=yes] [transferable=no] [levy=absolute|percentile\n"
    "                         levy_mosaic=NS:NAME levy_fee=N levy_to=ADDRESS]\n"
    "         supply          id=NS:NAME change=+N|-N\n"
    "  nem tx decode FILE|-   JSON or hex: what it is and every effect it would have\n"
    "  nem tx sign FILE|-     sign with nem_key_file\n"
    "  nem tx verify FILE|-   signatures, and each attached cosignature's\n"
    "  nem tx announce FILE|- HOST:PORT...\n"
    "                         hand it to every node and follow the chain they agree on until it\n"
    "                         stands there, by content, or can no longer\n"
    "  nem account ADDRESS HOST:PORT...\n"
    "                         what it has, as of a block and as the nodes agree\n"
    "  nem multisig status ADDRESS HOST:PORT...\n"
    "                         cosigners and how many must sign, as the nodes agree; what waits "
    "for\n"
    "                         whom until when, and in whose pool; whether blocks that could be "
    "undone\n"
    "                         decide who controls it\n"
    "  nem node status HOST:PORT...\n"
    "                         heights, clocks, and whether they are on one chain; 4 if one does "
    "not\n"
    "                         answer, 1 if they disagree\n"
    "  nem message encrypt|decrypt PUBLICKEY FILE|-\n"
    "                         between the account of nem_key_file and the other's public key\n"
    "  nem tag read ADDRESS HOST:PORT...\n"
    "                         the theft tags of an account, believed by the tagger's key alone\n"
    "                         and as the nodes agree\n"
    "  nem tag build MOSAIC ADDRESS HOST:PORT\n"
    "                         the unsigned transfer that tags an account\n"
    "  nem tag define KEY MOSAIC SUPPLY DESCRIPTION\n"
    "                         the unsigned definition of a mosaic that can be a tag\n"
    "  nem loss till|purse|box BALANCE [live|expired|settled:AMOUNT|all]...\n"
    "                         what each stolen key can take of it at most\n";

static const char text_trace[] =
    "  trace ingest STORE csv|jsonl|utxo FILE|-... [opening=yes] [supply=N]\n"
    "                         transfers of any account chain, or UTXO transactions, into a column\n"
    "                         store; again adds nothing twice; docs/trace-ingest.md has the "
    "fields\n"
    "  trace ingest STORE nem HOST:PORT [check=N|all]\n"
    "                         every movement on the NEM chain of a node, verified, up to its end;\n"
    "                         then N accounts (100) against what the node says they hold\n"
    "  trace case new FILE NAME=VALUE...\n"
    "                         a case: what was stolen, by which rules it is followed, where that\n"
    "                         ends; names: name, asset, unit, decimals, note, generated,\n"
    "                         tx=HASH/TO[/AMOUNT], at=ADDRESS/HEIGHT[/AMOUNT], policy, sink,\n"
    "                         sink_category, labels, floor_units, floor_per_million,\n"
    "                         hub_transfers, hops_max, until_height (docs/trace-bundle.md)\n"
    "  trace case check CASE [STORE]\n"
    "                         is this a case, its id, and what its seeds are in this ledger\n"
    "  trace report CASE STORE [NAME=VALUE...]\n"
    "                         where the coins are and which exchange or service they reached, by\n"
    "                         every rule of the case; as_of=HEIGHT, policy=RULE for lists and\n"
    "                         picture, over=day, interval=no, accounts=N drawn; also: "
    "bundle=FILE,\n"
    "                         svg=FILE (by Graphviz), dot=FILE, graphml=FILE, accounts_csv=FILE,\n"
    "                         reached_csv=FILE, transfers_csv=FILE; - is standard output\n"
    "  trace follow CASE STORE HOST:PORT [NAME=VALUE...]\n"
    "                         takes what is new from a NEM node, and says when stolen coins reach\n"
    "                         a label, or when the chain takes that back; poll_s=N (10),\n"
    "                         from_height=N (what is new), once=yes, undo=N (360) blocks that are\n"
    "                         taken back without starting again, check=yes compares each round\n"
    "                         with a run from the beginning\n"
    "  trace bounds CASE STORE deposit=TX/ADDRESS|account=ADDRESS... [NAME=VALUE...]\n"
    "                         how much of a payment, or of what an address holds, is the case's\n"
    "                         at least and at most, whatever rule is preferred, beside what each\n"
    "                         rule of the case says; as_of=HEIGHT, csv=FILE, bundle=FILE\n"
    "  trace path CASE STORE ADDRESS [NAME=VALUE...]\n"
    "                         one way of the coins from a seed to an address: by=biggest or\n"
    "                         by=shortest; policy=RULE, as_of=HEIGHT\n"
    "  trace pedigree STORE ASSET TX ADDRESS [NAME=VALUE...]\n"
    "                         where the coins of one payment came from, unit by unit: FIFO run\n"
    "                         backward; policy=lifo, origin=ADDRESS where the question ends,\n"
    "                         from_height=N, bundle=FILE\n"
    "  trace demo coincheck FOLDER [seed=N]\n"
    "                         the theft of 2018 to try all this on: the eleven thefts as they "
    "were\n"
    "                         published, a generated laundering behind them, and what of it is\n"
    "                         as it was published\n"
    "  trace compact STORE [segment=N]\n"
    "                         what is older than 360 blocks in a seventh of the room; everything\n"
    "                         else reads it as before, but it cannot be taken back any more\n"
    "  trace verify STORE     every page of a store and every balance in it, from its raw rows\n"
    "  trace verify BUNDLE STORE\n"
    "                         is the bundle what this ledger says? kuramori-trace-verify BUNDLE\n"
    "                         computes its numbers again by other means, and\n"
    "                         kuramori-trace-verify-bounds its bounds of any rule\n";

static const char text_steps[] =
    "\n"
    "First steps: write ~/.config/kuramori/kuramori.conf with genesis_file, roster_file, person,\n"
    "key_file and every stop socket; then `kuramori status`. When in doubt at night: freeze. One\n"
    "person is enough to stop, and nothing is lost by stopping.";

/* A command that is known, with the wrong words behind it, is told what it takes. */
static int misused(const char *const *w, size_t n)
{
	static const struct {
		const char *first;
		const char *usage;
	} known[] = {
		{ "order", "order show FILE|-|ID" },
		{ "policy",
		  "policy make FILE NAME=VALUE..., policy next FILE NAME=VALUE..., policy "
		  "propose FILE, policy grant FILE [NAME=VALUE...], policy check "
		  "FILE, policy compare OLD NEW, "
		  "policy explain ORDER "
		  "[NAME=VALUE...] or policy test POLICY CASES" },
		{ "approve", "approve ID [--no yes], or approve FILE --passkey-file ANSWER" },
		{ "challenge", "challenge ID FILE [--no yes]" },
		{ "prove", "prove FILE --passkey-file ANSWER" },
		{ "withdrawal", "withdrawal history ID" },
		{ "freeze", "freeze --reason TEXT" },
		{ "resume", "resume FILE --reason TEXT" },
		{ "cancel", "cancel ID --reason TEXT" },
		{ "roster",
		  "roster make FILE NAME=VALUE..., roster next FILE NAME=VALUE... or roster "
		  "propose FILE" },
		{ "close", "close ADDRESS --reason TEXT" },
		{ "show", "show FILE|-..." },
		{ "genesis", "genesis make FOLDER NAME=VALUE... or genesis words FILE" },
		{ "holding", "holding make FILE NAME=VALUE... or holding next FILE NAME=VALUE..." },
		{ "refill", "refill propose FILE [NAME=VALUE...], refill collect REFILL ANSWER... "
			    "[node=HOST:PORT...], refill status REFILL [ANSWER...] or refill "
			    "holding" },
		{ "sweep", "sweep status|close" },
		{ "prepare",
		  "prepare announce UNIT HOST:PORT..., prepare follow UNIT HOST:PORT..., prepare "
		  "status HOST:PORT... or prepare name ADDRESS HOST:PORT..." },
		{ "recover", "recover make FILE PEOPLE, recover show FILE or recover tell FILE" },
		{ "transcript",
		  "transcript verify FILE [PHOTO...], transcript show FILE, transcript "
		  "note FILE TEXT, transcript photo FILE PHOTO... or transcript sign FILE" },
		{ "rotate", "rotate sign FILE, rotate tell HOLDING..., rotate plan old=FILE... or "
			    "rotate next FILE old=FILE..." },
		{ "tally", "tally FOLDER REFILL, or tally FOLDER ADDRESS..." },
		{ "price", "price sign YEN, or price put FILE|-" },
		{ "status", "status" },
		{ "audit", "audit verify FILE... or kuramori audit checkpoint" },
		{ "books", "books balance|statement|export|verify|backup|restore FILE, books close|"
			   "limit ACCOUNT, books hold, books entries|post FILE, or books refund "
			   "plan|check|propose|show" },
		{ "key", "key new FILE or key check" },
		{ "unlock", "unlock SOCKET" },
		{ "token", "token wrap FILE" },
		{ "qr", "qr show FILE... [NAME=VALUE...], or qr read FILE|- FOLDER" },
		{ "trace",
		  "trace demo|ingest|case|report|bounds|path|pedigree|follow|verify|compact ...; "
		  "kuramori trace --help says what each does" },
		{ "nem", "nem key|address|tx|account|multisig|node|message|tag|loss ...; kuramori "
			 "nem --help says what each does" },
	};

	if (n == 0) {
		return cli_fail(ERR_USAGE, "say what to do; kuramori --help lists the commands");
	}
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strcmp(w[0], known[i].first) == 0) {
			return cli_fail(ERR_USAGE, "it is: kuramori %s", known[i].usage);
		}
	}
	return cli_fail(ERR_USAGE, "there is no command `%.64s`; kuramori --help lists them", w[0]);
}

static int commands(struct cli *c, const struct config_result *r)
{
	static const enum doc_type founded[] = { DOC_GENESIS, DOC_ROSTER, DOC_POLICY, DOC_HOLDING };

	const char *const *w = r->rest;
	size_t n = r->rest_n;

	if (n == 3 && strcmp(w[0], "order") == 0 && strcmp(w[1], "show") == 0) {
		return cli_order_show(c, w[2]);
	}
	for (size_t i = 0; n >= 3 && i < ARRAY_LEN(founded); i++) {
		bool next = strcmp(w[1], "next") == 0;

		if (strcmp(w[0], doc_type_name(founded[i])) == 0 &&
		    (strcmp(w[1], "make") == 0 || (next && founded[i] != DOC_GENESIS))) {
			return cli_found(c, founded[i], w[2], w + 3, n - 3, next);
		}
	}
	if (n == 3 && strcmp(w[1], "propose") == 0 &&
	    (strcmp(w[0], "policy") == 0 || strcmp(w[0], "roster") == 0)) {
		return cli_rules_propose(c, w[0][0] == 'p' ? DOC_POLICY : DOC_ROSTER, w[2]);
	}
	if (n >= 3 && strcmp(w[0], "policy") == 0 && strcmp(w[1], "grant") == 0) {
		return cli_grant(c, w[2], w + 3, n - 3);
	}
	if (n >= 2 && strcmp(w[0], "policy") == 0) {
		return cli_policy(c, w + 1, n - 1);
	}
	if (n == 3 && strcmp(w[0], "withdrawal") == 0 && strcmp(w[1], "history") == 0) {
		return cli_withdrawal_history(c, w[2]);
	}
	if (n == 2 && strcmp(w[0], "approve") == 0) {
		return c->passkey_file[0] != '\0' ? cli_approve_passkey(c, w[1])
						  : cli_approve(c, w[1]);
	}
	if (n == 3 && strcmp(w[0], "challenge") == 0) {
		return cli_challenge(c, w[1], w[2]);
	}
	if (n == 2 && strcmp(w[0], "prove") == 0 && c->passkey_file[0] != '\0') {
		return cli_prove(c, w[1]);
	}
	if (n == 2 && strcmp(w[0], "resume") == 0) {
		return cli_resume(c, w[1]);
	}
	if (n == 2 && strcmp(w[0], "cancel") == 0) {
		return cli_cancel(c, w[1]);
	}
	if (n == 3 && strcmp(w[0], "price") == 0) {
		return cli_price(c, w[1], w[2]);
	}
	if (n == 2 && strcmp(w[0], "close") == 0) {
		return cli_close(c, w[1]);
	}
	if (n == 3 && strcmp(w[0], "genesis") == 0 && strcmp(w[1], "words") == 0) {
		return cli_genesis_words(c, w[2]);
	}
	if (n >= 2 && strcmp(w[0], "show") == 0) {
		return cli_show(c, w + 1, n - 1);
	}
	if (n >= 1 && strcmp(w[0], "refill") == 0) {
		return cli_refill(c, w + 1, n - 1);
	}
	if (n == 2 && strcmp(w[0], "sweep") == 0) {
		return cli_sweep(c, w[1]);
	}
	if (n >= 1 && strcmp(w[0], "prepare") == 0) {
		return cli_prepare(c, w + 1, n - 1);
	}
	if (n >= 1 && strcmp(w[0], "recover") == 0) {
		return cli_recover(c, w + 1, n - 1);
	}
	if (n >= 1 && strcmp(w[0], "transcript") == 0) {
		return cli_transcript(c, w + 1, n - 1);
	}
	if (n >= 1 && strcmp(w[0], "rotate") == 0) {
		return cli_rotate(c, w + 1, n - 1);
	}
	if (n >= 3 && strcmp(w[0], "tally") == 0) {
		return cli_tally(c, w[1], w + 2, n - 2);
	}
	if (n == 1 && strcmp(w[0], "freeze") == 0) {
		return cli_freeze(c);
	}
	if (n == 2 && strcmp(w[0], "unlock") == 0) {
		return cli_unlock(c, w[1]);
	}
	if (n == 3 && strcmp(w[0], "token") == 0 && strcmp(w[1], "wrap") == 0) {
		return cli_token_wrap(c, w[2]);
	}
	if (n == 1 && strcmp(w[0], "status") == 0) {
		return cli_status(c);
	}
	if (n >= 3 && strcmp(w[0], "audit") == 0 && strcmp(w[1], "verify") == 0) {
		return cli_audit_verify(c, w + 2, n - 2);
	}
	if (n == 2 && strcmp(w[0], "audit") == 0 && strcmp(w[1], "checkpoint") == 0) {
		return cli_audit_checkpoint(c);
	}
	if (n == 3 && strcmp(w[0], "books") == 0 && strcmp(w[1], "post") == 0) {
		return cli_post(c, w[2]);
	}
	if (n >= 2 && strcmp(w[0], "books") == 0 && strcmp(w[1], "refund") == 0) {
		return cli_refund(c, w + 2, n - 2);
	}
	if (n >= 1 && strcmp(w[0], "books") == 0) {
		return cli_books(c, w + 1, n - 1);
	}
	if (n >= 1 && strcmp(w[0], "day") == 0) {
		return cli_day(c, w + 1, n - 1);
	}
	if (n == 2 && strcmp(w[0], "key") == 0 && strcmp(w[1], "check") == 0) {
		return cli_key_check(c);
	}
	if (n == 3 && strcmp(w[0], "key") == 0 && strcmp(w[1], "new") == 0) {
		return cli_key_new(c, w[2]);
	}
	if (n >= 2 && strcmp(w[0], "qr") == 0) {
		return cli_qr(c, w + 1, n - 1);
	}
	if (n >= 2 && strcmp(w[0], "nem") == 0) {
		return cli_nem(c, w + 1, n - 1);
	}
	if (n >= 2 && strcmp(w[0], "trace") == 0) {
		return cli_trace(c, w + 1, n - 1);
	}
	return misused(w, n);
}

/*
 * Puts a text of commands behind out's, in the person's language: each command with the lines that
 * are indented deeper is one text for the translator, as tools/words collects them.
 */
static void put_text(char *out, size_t cap, const char *text)
{
	size_t used = strlen(out);

	while (*text != '\0') {
		const char *end = text;
		char entry[ENTRY_MAX];
		int n;

		do {
			end += strcspn(end, "\n");
			end += *end == '\n';
		} while (*end != '\0' && (strncmp(end, "  ", 2) != 0 || end[2] == ' '));
		CHECK((size_t)(end - text) < sizeof entry);
		memcpy(entry, text, (size_t)(end - text));
		entry[end - text] = '\0';
		n = snprintf(out + used, cap - used, "%s", words_of(entry));
		CHECK(n >= 0 && (size_t)n < cap - used);
		used += (size_t)n;
		text = end;
	}
}

static const char text_steps_trace[] =
    "\n"
    "First steps: kuramori trace demo coincheck demo, then what it prints. With a ledger of your\n"
    "own: trace ingest STORE csv FILE prints the name of each asset; trace case new case.json\n"
    "name=theft asset=NAME tx=HASH/ADDRESS policy=fifo says what was stolen (HASH paid it to the\n"
    "thief's ADDRESS); add unit=XEM decimals=6 so that amounts are in XEM, labels=FILE (CSV with\n"
    "address,label,category, beside the case) so that exchanges have names, and\n"
    "sink_category=exchange so that nothing is followed beyond them. Then trace report case.json\n"
    "STORE svg=flow.svg bundle=case.bundle, trace path to one of the addresses that it prints, "
    "and\n"
    "trace verify case.bundle STORE. Rules: poison poison-emptied haircut haircut-tx fifo lifo\n"
    "taint-first clean-first tiho (docs/trace.md).\n";

static const char text_group_end[] =
    "\n"
    "--json: one JSON object on stdout and nothing else. Exit codes: 0 done, 1 refused or a check\n"
    "failed, 2 usage, 3 bad input, 4 not reachable, 70 what is stored is damaged. kuramori --help\n"
    "has every other command and setting.\n";

/* `kuramori trace --help`: at night nobody reads three hundred lines for twenty. */
static bool help_of_group(int argc, char **argv)
{
	static const struct {
		const char *name, *text, *steps;
	} groups[] = {
		{ "trace", text_trace, text_steps_trace }, { "nem", text_nem, "" },
		{ "roster", text_found, text_found_cold }, { "policy", text_found, text_policy },
		{ "genesis", text_found_cold, "" },        { "holding", text_found_cold, "" },
	};

	static char text[TEXT_MAX];

	if (argc < 3 || (strcmp(argv[argc - 1], "--help") != 0 && strcmp(argv[2], "help") != 0)) {
		return false;
	}
	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		if (strcmp(argv[1], groups[i].name) == 0) {
			put_text(text, sizeof text, groups[i].text);
			put_text(text, sizeof text, groups[i].steps);
			put_text(text, sizeof text, text_group_end);
			printf(_("usage: kuramori [options] %s COMMAND\n\n"), groups[i].name);
			printf("%s", text);
			return true;
		}
	}
	return false;
}

int main(int argc, char **argv)
{
	static const char *const texts[] = { text_system,   text_found, text_found_cold,
					     text_ceremony, text_cold,  text_books,
					     text_policy,   text_nem,   text_trace,
					     text_steps };
	static char text[TEXT_MAX];
	static const struct config_program program = {
		.name = "kuramori",
		.summary = N_("look at payments, approve them, stop everything, verify journals"),
		.text = text,
		.usage = "COMMAND",
		.rows = rows,
		.n = ARRAY_LEN(rows),
		.json = true,
		.words = words_of,
	};
	static struct cli c;
	static char user_config[CLI_PATH_MAX];
	struct config_result result;
	char *with_config[128];
	int code = 0;
	bool own = false;

	words_begin("kuramori", catalogues, ARRAY_LEN(catalogues));
	if (help_of_group(argc, argv)) {
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		put_text(text, sizeof text, texts[i]);
	}
	notes_init("kuramori", NOTES_UNUSUAL);
	if (crypto_init() != ERR_OK) {
		return cli_fail(ERR_IO, "libsodium does not start");
	}
	for (int i = 1; i < argc; i++) {
		own = own || strcmp(argv[i], "--config") == 0;
	}
	/* A person's own configuration stands where XDG says, unless --config names another. */
	if (!own && argc + 3 < (int)ARRAY_LEN(with_config) &&
	    file_user_config(user_config, sizeof user_config, "kuramori") == ERR_OK) {
		static char flag[] = "--config";

		with_config[0] = argv[0];
		with_config[1] = flag;
		with_config[2] = user_config;
		for (int i = 1; i <= argc; i++) {
			with_config[i + 2] = argv[i];
		}
		argc += 2;
		argv = with_config;
	}
	if (!config_start(&program, &c, argc, argv, &result, &code)) {
		return code;
	}
	c.json = result.json;
	code = commands(&c, &result);
	return code == CLI_ASKED ? 0 : code;
}
