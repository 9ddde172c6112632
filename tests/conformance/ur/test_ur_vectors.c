/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: our words, random numbers, choices of fragments, parts and texts are those of everybody.
 * Method: the values published in BCR-2020-005 and BCR-2020-012 and in the tests that BCR-2020-005
 * asks every implementation to pass (BlockchainCommons/bc-ur, test/test.cpp).
 */
#include <string.h>

#include "base/hex.h"
#include "crypto/crypto.h"
#include "t.h"
#include "ur/bytewords.h"
#include "ur/fountain.h"
#include "ur/ur.h"

/* make_message() of those tests: n random bytes. */
static void make_message(uint8_t *out, size_t n)
{
	struct fountain_random r;

	fountain_seed(&r, bytes_str("Wolf"));
	for (size_t i = 0; i < n; i++) {
		out[i] = (uint8_t)fountain_below(&r, 256);
	}
}

static void checksums(void)
{
	T_EQ(bytewords_sum(bytes_str("Hello, world!")), 0xebe6c6e6);
	T_EQ(bytewords_sum(bytes_str("Wolf")), 0x598c84dc);
}

static void words(void)
{
	static const struct {
		const char *hex;
		enum bytewords_style style;
		const char *text;
	} rows[] = {
		{ "00010280ff", BYTEWORDS_STANDARD,
		  "able acid also lava zoom jade need echo taxi" },
		{ "00010280ff", BYTEWORDS_URI, "able-acid-also-lava-zoom-jade-need-echo-taxi" },
		{ "00010280ff", BYTEWORDS_MINIMAL, "aeadaolazmjendeoti" },
		{ "d99d6ca20150c7098580125e2ab0981253468b2dbc5202c11947da", BYTEWORDS_STANDARD,
		  "tuna next jazz oboe acid good slot axis limp lava brag holy door puff monk brag "
		  "guru frog luau drop roof grim also safe chef fuel twin solo aqua work bald" },
		{ "d99d6ca20150c7098580125e2ab0981253468b2dbc5202c11947da", BYTEWORDS_MINIMAL,
		  "tantjzoeadgdstaslplabghydrpfmkbggufgludprfgmaosecffltnsoaawkbd" },
		{ "c7098580125e2ab0981253468b2dbc52", BYTEWORDS_URI,
		  "slot-axis-limp-lava-brag-holy-door-puff-monk-brag-guru-frog-luau-drop-roof-grim-"
		  "zone-plus-belt-wand" },
		{ "6c48656c6c6f2c20776f726c64", BYTEWORDS_MINIMAL,
		  "jzfdihjzjzjldwcxktjljpjzieatjpgele" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t body[64], text[512];
		size_t n = strlen(rows[i].hex) / 2;
		struct writer w = writer_make(text, sizeof text);

		T_EQ(hex_get(body, n, bytes_str(rows[i].hex), HEX_LOWER_ONLY), ERR_OK);
		bytewords_put(&w, rows[i].style, bytes_of(body, n));
		T_CHECK(bytes_eq(bytes_of(text, w.n), bytes_str(rows[i].text)));
		T_EQ(w.n, bytewords_length(rows[i].style, n));
		w = writer_make(text, sizeof text);
		T_EQ(bytewords_get(&w, rows[i].style, bytes_str(rows[i].text)), ERR_OK);
		T_CHECK(bytes_eq(bytes_of(text, w.n), bytes_of(body, n)));
	}
}

static void random_numbers(void)
{
	static const uint8_t first[] = { 42, 81, 85, 8,  82, 84, 76, 73, 70, 88, 2,  74, 40, 48, 77,
					 54, 88, 7,  5,  88, 37, 25, 82, 13, 69, 59, 30, 39, 11, 82,
					 19, 99, 45, 87, 30, 15, 32, 22, 89, 44, 92, 77, 29, 78, 4,
					 92, 44, 68, 92, 69, 1,  42, 89, 50, 37, 84, 63, 34, 32, 3,
					 17, 62, 40, 98, 82, 89, 24, 43, 85, 39, 15, 3,  99, 29, 20,
					 42, 27, 10, 85, 66, 50, 35, 69, 70, 70, 74, 30, 13, 72, 54,
					 11, 5,  70, 55, 91, 52, 10, 43, 43, 52 };
	static const uint8_t second[] = {
		88, 44, 94, 74, 0,  99, 7,  77, 68, 35, 47, 78, 19, 21, 50, 15, 42, 36, 91, 11,
		85, 39, 64, 22, 57, 11, 25, 12, 1,  91, 17, 75, 29, 47, 88, 11, 68, 58, 27, 65,
		21, 54, 47, 54, 73, 83, 23, 58, 75, 27, 26, 15, 60, 36, 30, 21, 55, 57, 77, 76,
		75, 47, 53, 76, 9,  91, 14, 69, 3,  95, 11, 73, 20, 99, 68, 61, 3,  98, 36, 98,
		56, 65, 14, 80, 74, 57, 63, 68, 51, 56, 24, 39, 53, 80, 57, 51, 81, 3,  1,  30
	};
	static const uint8_t third[] = { 6,  5, 8, 4, 10, 5, 7, 10, 4, 9,
					 10, 9, 7, 7, 1,  1, 2, 9,  9, 2 };
	static const uint8_t sum[] = { 0x59, 0x8c, 0x84, 0xdc };
	struct fountain_random r;

	fountain_seed(&r, bytes_str("Wolf"));
	for (size_t i = 0; i < ARRAY_LEN(first); i++) {
		T_EQ(fountain_next(&r) % 100, first[i]);
	}
	fountain_seed(&r, bytes_of(sum, sizeof sum));
	for (size_t i = 0; i < ARRAY_LEN(second); i++) {
		T_EQ(fountain_next(&r) % 100, second[i]);
	}
	fountain_seed(&r, bytes_str("Wolf"));
	for (size_t i = 0; i < ARRAY_LEN(third); i++) {
		T_EQ(fountain_below(&r, 10) + 1, third[i]);
	}
}

static void samples(void)
{
	static const double weights[] = { 1, 2, 4, 8 };
	static const char want[] =
	    "33333330233331221332331121131312021033313333132322333323303333123322212212313032"
	    "33333333231332022311232333323333323121131322333133333333232331233132333231303211"
	    "3132333320331302133113123330232013332223";
	static struct fountain_sampler s;
	struct fountain_random r;

	fountain_sampler_make(&s, weights, ARRAY_LEN(weights));
	fountain_seed(&r, bytes_str("Wolf"));
	T_EQ(strlen(want), 200);
	for (size_t i = 0; i < strlen(want); i++) {
		T_EQ(fountain_sample(&s, &r), want[i] - '0');
	}
}

static void fragment_lengths(void)
{
	T_EQ(fountain_fragment(12345, 1005, 1955), 1764);
	T_EQ(fountain_fragment(12345, 1005, 30000), 12345);
	T_EQ(fountain_fragment(1024, 10, 100), 94);
}

static void degrees(void)
{
	static const uint8_t want[] = { 11, 3,  6, 5, 2, 1, 2,  11, 1, 3, 9, 10, 10, 4,  2, 1, 1,
					2,  1,  1, 5, 2, 4, 10, 3,  2, 1, 1, 3,  11, 2,  6, 2, 9,
					9,  2,  6, 7, 2, 5, 2,  4,  3, 1, 6, 11, 2,  11, 3, 1, 6,
					3,  1,  4, 5, 3, 6, 1,  1,  3, 1, 2, 2,  1,  4,  5, 1, 1,
					9,  1,  1, 6, 4, 1, 5,  1,  2, 2, 3, 1,  1,  5,  2, 6, 1,
					7,  11, 1, 8, 1, 5, 1,  1,  2, 2, 6, 4,  10, 1,  2 };
	static struct fountain_sampler s;

	fountain_degrees_make(&s, 11);
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		struct fountain_random r;
		char seed[16];

		(void)snprintf(seed, sizeof seed, "Wolf-%zu", i + 1);
		fountain_seed(&r, bytes_str(seed));
		T_EQ(fountain_sample(&s, &r) + 1, want[i]);
	}
}

#define BIT(n) (1U << (n))

static void choices(void)
{
	static const unsigned want[30] = {
		BIT(0),
		BIT(1),
		BIT(2),
		BIT(3),
		BIT(4),
		BIT(5),
		BIT(6),
		BIT(7),
		BIT(8),
		BIT(9),
		BIT(10),
		BIT(9),
		BIT(2) | BIT(5) | BIT(6) | BIT(8) | BIT(9) | BIT(10),
		BIT(8),
		BIT(1) | BIT(5),
		BIT(1),
		BIT(0) | BIT(2) | BIT(4) | BIT(5) | BIT(8) | BIT(10),
		BIT(5),
		BIT(2),
		BIT(2),
		BIT(0) | BIT(1) | BIT(3) | BIT(4) | BIT(5) | BIT(7) | BIT(9) | BIT(10),
		BIT(0) | BIT(1) | BIT(2) | BIT(3) | BIT(5) | BIT(6) | BIT(8) | BIT(9) | BIT(10),
		BIT(0) | BIT(2) | BIT(4) | BIT(5) | BIT(7) | BIT(8) | BIT(9) | BIT(10),
		BIT(3) | BIT(5),
		BIT(4),
		0x7ff,
		BIT(0) | BIT(1) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(7) | BIT(9) | BIT(10),
		BIT(6),
		BIT(5) | BIT(6),
		BIT(7),
	};
	static struct fountain_sampler s;
	uint8_t message[1024];
	uint32_t sum;

	make_message(message, sizeof message);
	sum = bytewords_sum(bytes_of(message, sizeof message));
	fountain_degrees_make(&s, 11);
	for (uint32_t seq = 1; seq <= ARRAY_LEN(want); seq++) {
		struct fountain_mix mix;

		fountain_choose(&mix, &s, seq, sum);
		T_EQ(mix.bits[0], want[seq - 1]);
	}
}

/* make_message_ur(): the random bytes as a CBOR byte string. */
static struct bytes make_message_ur(uint8_t *out, size_t cap, size_t n)
{
	static uint8_t plain[32768];
	struct writer w = writer_make(out, cap);

	make_message(plain, n);
	ur_wrap(&w, bytes_of(plain, n));
	return bytes_of(w.p, w.n);
}

static const char *const published[] = {
	"ur:bytes/1-9/"
	"lpadascfadaxcywenbpljkhdcahkadaemejtswhhylkepmykhhtsytsnoyoyaxaedsuttydmmhhpktpmsrjtdkgslp"
	"gh",
	"ur:bytes/2-9/"
	"lpaoascfadaxcywenbpljkhdcagwdpfnsboxgwlbaawzuefywkdplrsrjynbvygabwjldapfcsgmghhkhstlrdcxae"
	"fz",
	"ur:bytes/3-9/"
	"lpaxascfadaxcywenbpljkhdcahelbknlkuejnbadmssfhfrdpsbiegecpasvssovlgeykssjykklronvsjksopdzm"
	"ol",
	"ur:bytes/4-9/"
	"lpaaascfadaxcywenbpljkhdcasotkhemthydawydtaxneurlkosgwcekonertkbrlwmplssjtammdplolsbrdzcrt"
	"as",
	"ur:bytes/5-9/"
	"lpahascfadaxcywenbpljkhdcatbbdfmssrkzmcwnezelennjpfzbgmuktrhtejscktelgfpdlrkfyfwdajldejokb"
	"wf",
	"ur:bytes/6-9/"
	"lpamascfadaxcywenbpljkhdcackjlhkhybssklbwefectpfnbbectrljectpavyrolkzczcpkmwidmwoxkilghdso"
	"wp",
	"ur:bytes/7-9/"
	"lpatascfadaxcywenbpljkhdcavszmwnjkwtclrtvaynhpahrtoxmwvwatmedibkaegdosftvandiodagdhthtrlnn"
	"hy",
	"ur:bytes/8-9/"
	"lpayascfadaxcywenbpljkhdcadmsponkkbbhgsoltjntegepmttmoonftnbuoiyrehfrtsabzsttorodklubbuyae"
	"tk",
	"ur:bytes/9-9/"
	"lpasascfadaxcywenbpljkhdcajskecpmdckihdyhphfotjojtfmlnwmadspaxrkytbztpbauotbgtgtaeaevtgavt"
	"ny",
	"ur:bytes/10-9/"
	"lpbkascfadaxcywenbpljkhdcahkadaemejtswhhylkepmykhhtsytsnoyoyaxaedsuttydmmhhpktpmsrjtwdkipl"
	"zs",
	"ur:bytes/11-9/"
	"lpbdascfadaxcywenbpljkhdcahelbknlkuejnbadmssfhfrdpsbiegecpasvssovlgeykssjykklronvsjkvetiia"
	"pk",
	"ur:bytes/12-9/"
	"lpbnascfadaxcywenbpljkhdcarllaluzmdmgstospeyiefmwejlwtpedamktksrvlcygmzemovovllarodtmtbnpt"
	"rs",
	"ur:bytes/13-9/"
	"lpbtascfadaxcywenbpljkhdcamtkgtpknghchchyketwsvwgwfdhpgmgtylctotzopdrpayoschcmhplffziachrf"
	"gd",
	"ur:bytes/14-9/"
	"lpbaascfadaxcywenbpljkhdcapazewnvonnvdnsbyleynwtnsjkjndeoldydkbkdslgjkbbkortbelomueekgvste"
	"gt",
	"ur:bytes/15-9/"
	"lpbsascfadaxcywenbpljkhdcaynmhpddpzmversbdqdfyrehnqzlugmjzmnmtwmrouohtstgsbsahpawkditkckyn"
	"wt",
	"ur:bytes/16-9/"
	"lpbeascfadaxcywenbpljkhdcawygekobamwtlihsnpalnsghenskkiynthdzotsimtojetprsttmukirlrsbtamjt"
	"pd",
	"ur:bytes/17-9/"
	"lpbyascfadaxcywenbpljkhdcamklgftaxykpewyrtqzhydntpnytyisincxmhtbceaykolduortotiaiaiafhiaoy"
	"ce",
	"ur:bytes/18-9/"
	"lpbgascfadaxcywenbpljkhdcahkadaemejtswhhylkepmykhhtsytsnoyoyaxaedsuttydmmhhpktpmsrjtntwkbk"
	"wy",
	"ur:bytes/19-9/"
	"lpbwascfadaxcywenbpljkhdcadekicpaajootjzpsdrbalpeywllbdsnbinaerkurspbncxgslgftvtsrjtksplcp"
	"eo",
	"ur:bytes/20-9/"
	"lpbbascfadaxcywenbpljkhdcayapmrleeleaxpasfrtrdkncffwjyjzgyetdmlewtkpktgllepfrltataztksmhkb"
	"ot",
};

static void single_text(void)
{
	static const char want[] = "ur:bytes/"
				   "hdeymejtswhhylkepmykhhtsytsnoyoyaxaedsuttydmmhhpktpmsrjtgwdpfns"
				   "boxgwlbaawzuefywkdplrsrjynbvy"
				   "gabwjldapfcsdwkbrkch";
	static struct ur_encoder e;
	static struct ur_decoder d;
	uint8_t message[64], text[UR_TEXT_MAX], room[64];
	struct bytes m = make_message_ur(message, sizeof message, 50);
	struct writer w = writer_make(text, sizeof text);

	T_EQ(ur_encoder_start(&e, "bytes", m, 2000, false), ERR_OK);
	T_EQ(ur_encoder_next(&e, &w), ERR_OK);
	T_CHECK(bytes_eq(bytes_of(text, w.n), bytes_str(want)));
	T_EQ(ur_decoder_start(&d, "bytes", room, sizeof room), ERR_OK);
	T_EQ(ur_decoder_take(&d, bytes_str(want)), UR_HEARD_ALL);
	T_CHECK(bytes_eq(ur_decoder_message(&d), m));
}

static void texts(void)
{
	static struct ur_encoder e;
	static struct ur_decoder d;
	uint8_t message[300], text[UR_TEXT_MAX], room[300];
	struct bytes m = make_message_ur(message, sizeof message, 256);
	enum ur_heard heard = UR_HEARD_NOISE;

	T_EQ(ur_encoder_start(&e, "bytes", m, 30, false), ERR_OK);
	T_EQ(e.parts, 9);
	for (size_t i = 0; i < ARRAY_LEN(published); i++) {
		struct writer w = writer_make(text, sizeof text);

		T_EQ(ur_encoder_next(&e, &w), ERR_OK);
		T_CHECK(bytes_eq(bytes_of(text, w.n), bytes_str(published[i])));
	}
	/* backwards, mixes first */
	T_EQ(ur_decoder_start(&d, "bytes", room, sizeof room), ERR_OK);
	for (size_t i = ARRAY_LEN(published); i-- > 0 && heard != UR_HEARD_ALL;) {
		heard = ur_decoder_take(&d, bytes_str(published[i]));
		T_CHECK(heard == UR_HEARD_PART || heard == UR_HEARD_AGAIN || heard == UR_HEARD_ALL);
	}
	T_EQ(heard, UR_HEARD_ALL);
	T_CHECK(bytes_eq(ur_decoder_message(&d), m));
}

/* test_multipart_ur(): 32,767 bytes, only mixes from number 101 on. */
static void a_long_message(void)
{
	static struct ur_encoder e;
	static struct ur_decoder d;
	static uint8_t message[32800], text[UR_TEXT_MAX], room[34000];
	struct bytes m = make_message_ur(message, sizeof message, 32767);
	enum ur_heard heard = UR_HEARD_PART;
	size_t parts = 0;

	T_EQ(ur_encoder_start(&e, "bytes", m, 1000, true), ERR_OK);
	T_EQ(ur_decoder_start(&d, "bytes", room, sizeof room), ERR_OK);
	e.seq = 100;
	while (heard == UR_HEARD_PART || heard == UR_HEARD_AGAIN) {
		struct writer w = writer_make(text, sizeof text);

		T_EQ(ur_encoder_next(&e, &w), ERR_OK);
		heard = ur_decoder_take(&d, bytes_of(text, w.n));
		parts++;
	}
	T_EQ(heard, UR_HEARD_ALL);
	printf("# %zu fragments out of %zu mixes\n", d.parts, parts);
	T_CHECK(bytes_eq(ur_decoder_message(&d), m));
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "checksums", checksums },
		{ "words", words },
		{ "random numbers", random_numbers },
		{ "samples", samples },
		{ "fragment lengths", fragment_lengths },
		{ "degrees", degrees },
		{ "choices", choices },
		{ "a single text", single_text },
		{ "texts", texts },
		{ "a long message", a_long_message },
	};

	return crypto_init() == ERR_OK ? t_main(cases, ARRAY_LEN(cases), argc, argv) : 1;
}
