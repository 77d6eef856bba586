//! Status lists as others write them: the examples of the standards, and all that must be refused.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::io::Write;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::write::GzEncoder;
use flate2::{Compress, Compression, FlushCompress};
use openbadges::status::{
    Entry, EntryError, Found, ListError, Problem, Purpose, StatusSize, check_issuer, check_list,
    entry_faults,
};
use openbadges::{
    STATUS_LIST_ENTRIES, StatusList, StatusListCredential, StatusListEntry, StatusListError,
};
use proptest::prelude::*;
use serde_json::{Value, json};

const LIST: &str = "https://example.com/credentials/status/3";
const ISSUER: &str = "did:example:12345";
/// Bitstring Status List 1.0, examples 4 and 7.
const OF_THE_RECOMMENDATION: &str =
    "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA";
/// The list in the samples of 1EdTech's validator.
const OF_1EDTECH: &str = "uH4sIAAAAAAAA_-3BMQEAAAzDoMy_6cnoA9QFAAAAAAAAAAAAAAAAAAAAbD3uPa2cAEAAAA";
/// 100,000 entries, the 50,000th set: from the tests of Digital Bazaar's library.
const TOO_SHORT: &str = "uH4sIAAAAAAAAA-3OMQ0AAAgDsElHOh72EJJWQRMAAAAAAIDWXAcAAAAAAIDHFvRitn7UMAAA";

fn entry() -> Value {
    json!({
        "id": format!("{LIST}#94567"),
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": "94567",
        "statusListCredential": LIST,
    })
}

fn list(encoded: &str) -> Value {
    json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": LIST,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": ISSUER,
        "validFrom": "2021-04-05T14:27:40Z",
        "credentialSubject": {
            "id": "https://example.com/status/3#list",
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "encodedList": encoded,
        },
    })
}

fn with(mut document: Value, pointer: &str, value: Value) -> Value {
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    document.pointer_mut(parent).unwrap()[member] = value;
    document
}

fn check(entry: &Value, list: &Value) -> Result<Found, ListError> {
    check_list(&Entry::of(entry).unwrap(), list)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

fn multibase(bytes: &[u8]) -> String {
    format!("u{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// The error of a list of one-bit entries with these bytes as `encodedList`.
fn refused(encoded: &str) -> StatusListError {
    match check(&entry(), &list(encoded)) {
        Err(ListError::Bits(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_lists_of_the_standards_read() {
    let found = check(&entry(), &list(OF_THE_RECOMMENDATION)).unwrap();
    assert_eq!((found.set, found.value, found.ttl), (false, 0, None));
    let empty = StatusList::new(STATUS_LIST_ENTRIES);
    assert_eq!(StatusList::decode(OF_THE_RECOMMENDATION).unwrap(), empty);
    // That of 1EdTech revokes one: by an index that is a number, which is a fault but says enough.
    let at = |index: u32| {
        let entry = with(entry(), "/statusListIndex", json!(index));
        assert_eq!(entry_faults(&entry)[0].pointer, "/statusListIndex");
        check(&entry, &list(OF_1EDTECH)).unwrap().set
    };
    assert_eq!([22, 23, 24].map(at), [false, true, false]);
    assert_eq!(entry_faults(&entry()), []);
}

#[test]
fn an_entry_of_messages_reads_and_says_what_its_value_means() {
    // Bitstring Status List 1.0, example 3, its messages completed.
    let meanings = ["pending_review", "accepted", "rejected", "undefined"];
    let entry = json!({
        "id": "https://example.com/credentials/status/8#492847",
        "type": "BitstringStatusListEntry",
        "statusPurpose": "message",
        "statusListIndex": "492847",
        "statusSize": 2,
        "statusListCredential": "https://example.com/credentials/status/8",
        "statusMessage": [
            {"status": "0x0", "message": meanings[0]},
            {"status": "0x1", "message": meanings[1]},
            {"status": "0x2", "message": meanings[2]},
            {"status": "0x3", "message": meanings[3]},
        ],
        "statusReference": "https://example.org/status-dictionary/",
    });
    let url = "https://example.com/credentials/status/8";
    let mut written =
        StatusListEntry::new(Purpose::Message, url, 492_847).with_messages(&meanings).unwrap();
    written.status_reference = Some("https://example.org/status-dictionary/".to_owned());
    assert_eq!(serde_json::to_value(&written).unwrap(), entry);
    assert_eq!(serde_json::from_value::<StatusListEntry>(entry.clone()).unwrap(), written);

    let mut bits = StatusList::sized(500_000, StatusSize::new(2).unwrap());
    for (value, meaning) in (0..).zip(meanings) {
        bits.set_value(492_847, value).unwrap();
        let now = "2024-04-05T03:52:31Z";
        let list = StatusListCredential::new(Purpose::Message, url, ISSUER, now, &bits)
            .with_ttl(Duration::from_mins(5));
        let list = serde_json::to_value(list).unwrap();
        assert_eq!(list["credentialSubject"]["ttl"], 300_000);
        let found = check(&entry, &list).unwrap();
        assert_eq!((found.value, found.message.as_deref()), (value.into(), Some(meaning)));
        assert_eq!(found.ttl, Some(Duration::from_mins(5)));
        assert_eq!(found.valid_until, None);
    }
}

#[test]
fn one_list_may_serve_several_purposes() {
    let mut bits = StatusList::new(0);
    bits.set(7, true).unwrap();
    let now = "2024-04-05T03:52:31Z";
    let list = StatusListCredential::new(Purpose::Revocation, LIST, ISSUER, now, &bits);
    let list = serde_json::to_value(list.with_purpose(Purpose::Suspension)).unwrap();
    let at = |purpose: &str, index: u32| {
        let entry = StatusListEntry::new(purpose.into(), LIST, index);
        check(&serde_json::to_value(entry).unwrap(), &list).map(|found| found.set)
    };
    assert_eq!((at("revocation", 6), at("suspension", 7)), (Ok(false), Ok(true)));
    assert_eq!(at("refresh", 7), Err(ListError::OtherPurpose));
    assert_eq!(at("Revocation", 7), Err(ListError::OtherPurpose));
}

#[test]
fn a_malformed_entry_is_refused_for_what_is_wrong_with_it() {
    let digits = "9".repeat(3_000);
    let cases = [
        ("/type", json!("StatusList2021Entry"), EntryError::NotAnEntry),
        ("/id", json!(LIST), EntryError::IdIsList),
        ("/id", json!("94567"), EntryError::Id),
        ("/id", json!(null), EntryError::Id),
        ("/statusPurpose", json!(["revocation"]), EntryError::Purpose),
        ("/statusPurpose", json!(""), EntryError::Purpose),
        ("/statusListIndex", json!(null), EntryError::Index),
        ("/statusListIndex", json!(true), EntryError::Index),
        ("/statusListIndex", json!(-1), EntryError::Index),
        ("/statusListIndex", json!("-1"), EntryError::Index),
        ("/statusListIndex", json!("+1"), EntryError::Index),
        ("/statusListIndex", json!(1.5), EntryError::Index),
        ("/statusListIndex", json!("1.5"), EntryError::Index),
        ("/statusListIndex", json!(1e40), EntryError::Index),
        ("/statusListIndex", json!("1e3"), EntryError::Index),
        ("/statusListIndex", json!("0x10"), EntryError::Index),
        ("/statusListIndex", json!("007"), EntryError::Index),
        ("/statusListIndex", json!(" 7"), EntryError::Index),
        ("/statusListIndex", json!("٧"), EntryError::Index),
        ("/statusListIndex", json!(""), EntryError::Index),
        ("/statusListIndex", json!("first"), EntryError::Index),
        ("/statusListIndex", json!(digits), EntryError::Index),
        ("/statusListCredential", json!("status/3"), EntryError::List),
        ("/statusListCredential", json!("https://a b"), EntryError::List),
        ("/statusListCredential", json!({"id": LIST}), EntryError::List),
        ("/statusSize", json!(0), EntryError::Size),
        ("/statusSize", json!(-1), EntryError::Size),
        ("/statusSize", json!(1.5), EntryError::Size),
        ("/statusSize", json!("1"), EntryError::Size),
        ("/statusSize", json!(9), EntryError::SizeUnsupported(9)),
        ("/statusSize", json!(u64::MAX), EntryError::SizeUnsupported(u64::MAX)),
        ("/statusSize", json!(2), EntryError::NoMessages),
        ("/statusMessage", json!([]), EntryError::Messages),
        (
            "/statusMessage",
            json!(vec![json!({"status": "0x0", "message": "a"}); 2]),
            EntryError::Messages,
        ),
        ("/statusReference", json!(["https://a.example/", 1]), EntryError::Reference),
        ("/statusReference", json!({}), EntryError::Reference),
    ];
    for (pointer, value, error) in cases {
        let entry = with(entry(), pointer, value);
        let found = Entry::of(&entry).unwrap_err();
        assert_eq!(found, error, "{entry}");
        assert_eq!(entry_faults(&entry)[0].pointer, found.pointer(), "{entry}");
        let problem = match error {
            EntryError::SizeUnsupported(_) => Problem::StatusVerification,
            _ => Problem::MalformedValue,
        };
        assert_eq!(found.problem(), problem);
    }
    for other in [json!(null), json!("revoked"), json!([entry()])] {
        assert_eq!(Entry::of(&other), Err(EntryError::NotAnEntry));
    }
}

#[test]
fn each_value_must_have_one_message() {
    let said = |statuses: [&str; 4]| {
        let messages = statuses.map(|status| json!({"status": status, "message": "m"}));
        let entry = with(entry(), "/statusSize", json!(2));
        Entry::of(&with(entry, "/statusMessage", json!(messages))).map(|entry| entry.messages.len())
    };
    assert_eq!(said(["0x3", "0x2", "0x1", "0x0"]), Ok(4));
    for bad in ["0x4", "0x2", "3", "0x", "0x+3", "3x0", "0xfffffffffffffffff"] {
        assert_eq!(said(["0x0", "0x1", "0x2", bad]), Err(EntryError::Messages), "{bad}");
    }
}

#[test]
fn an_index_beyond_the_list_is_out_of_range_however_great() {
    let list = list(OF_THE_RECOMMENDATION);
    let at = |index: Value| check(&with(entry(), "/statusListIndex", index), &list);
    assert!(at(json!("131071")).is_ok());
    for index in [
        json!("131072"),
        json!(131_072),
        json!("2147483648"),
        json!("4294967296"),
        json!("9223372036854775808"),
        json!("18446744073709551615"),
        json!("18446744073709551616"),
        json!("340282366920938463463374607431768211456"),
        json!(u64::MAX),
    ] {
        let error = at(index.clone()).unwrap_err();
        assert!(matches!(error, ListError::Bits(StatusListError::OutOfRange(_))), "{index}");
        assert_eq!(error.problem(), Problem::Range);
    }
    // Times its size it would come round to a good one.
    let messages = vec!["undefined"; 256];
    let entry = StatusListEntry::new(Purpose::Revocation, LIST, 0).with_messages(&messages);
    let mut entry = serde_json::to_value(entry.unwrap()).unwrap();
    entry["statusListIndex"] = json!("2305843009213693952");
    let bits = StatusList::sized(0, StatusSize::new(8).unwrap());
    let list = self::list(&bits.encode());
    assert_eq!(
        check(&entry, &list).unwrap_err(),
        ListError::Bits(StatusListError::OutOfRange(2_305_843_009_213_693_952))
    );
}

#[test]
fn a_list_too_short_for_the_size_of_its_entries_is_refused() {
    assert_eq!(refused(TOO_SHORT), StatusListError::TooShort);
    assert_eq!(refused(&multibase(&gzip(&[0; 16_383]))), StatusListError::TooShort);
    assert_eq!(refused(&multibase(&gzip(&[]))), StatusListError::TooShort);
    let entry = StatusListEntry::revocation(LIST, 5).with_messages(&["a", "b", "c", "d"]);
    let entry = serde_json::to_value(entry.unwrap()).unwrap();
    let error = check(&entry, &list(OF_THE_RECOMMENDATION)).unwrap_err();
    assert_eq!(error.problem(), Problem::StatusListLength);
}

#[test]
fn a_list_that_inflates_without_end_is_given_up_at_16_mib() {
    let most = 16 << 20;
    let good = multibase(&gzip(&vec![0; most]));
    assert!(check(&entry(), &list(&good)).is_ok());
    assert_eq!(refused(&multibase(&gzip(&vec![0; most + 1]))), StatusListError::TooLong);

    // A gibibyte of zeros: after a full flush each mebibyte has the same compressed form.
    let mebibyte = vec![0; 1 << 20];
    let mut deflate = Compress::new(Compression::best(), false);
    let mut block = Vec::with_capacity(1 << 16);
    deflate.compress_vec(&mebibyte, &mut block, FlushCompress::Full).unwrap();
    let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let bomb: Vec<u8> = header.into_iter().chain(block.repeat(1024)).collect();
    assert_eq!(refused(&multibase(&bomb)), StatusListError::TooLong);
    let long = format!("u{}", "A".repeat(24 << 20));
    assert_eq!(refused(&long), StatusListError::TooLong);
}

#[test]
fn damaged_lists_are_refused_each_for_its_damage() {
    let good = gzip(&[0; 16_384]);
    let changed = |at: usize, to: u8| {
        let mut bytes = good.clone();
        bytes[at] = to;
        multibase(&bytes)
    };
    let end = good.len();
    let doubled = [good.as_slice(), good.as_slice()].concat();
    let cases = [
        (String::new(), StatusListError::NotMultibase),
        (OF_THE_RECOMMENDATION[1..].to_owned(), StatusListError::NotMultibase),
        (format!("z{}", &OF_THE_RECOMMENDATION[1..]), StatusListError::NotMultibase),
        (OF_THE_RECOMMENDATION.replace('-', "+"), StatusListError::NotBase64Url),
        (format!("{OF_THE_RECOMMENDATION}=="), StatusListError::NotBase64Url),
        (format!("{OF_THE_RECOMMENDATION} "), StatusListError::NotBase64Url),
        ("u".to_owned(), StatusListError::NotGzip),
        (multibase(&[0; 16_384]), StatusListError::NotGzip),
        (changed(0, 0x78), StatusListError::NotGzip),
        (changed(2, 7), StatusListError::Corrupt),
        (changed(end - 8, !good[end - 8]), StatusListError::Corrupt),
        (changed(end - 1, 1), StatusListError::Corrupt),
        (multibase(&good[..end - 1]), StatusListError::Corrupt),
        (multibase(&good[..end / 2]), StatusListError::Corrupt),
        (multibase(&good[..2]), StatusListError::Corrupt),
        (multibase(&[good.as_slice(), b"\0"].concat()), StatusListError::TrailingBytes),
        (multibase(&[good.as_slice(), b"more"].concat()), StatusListError::TrailingBytes),
        (multibase(&doubled), StatusListError::SecondMember),
    ];
    for (encoded, error) in cases {
        assert_eq!(refused(&encoded), error, "{encoded}");
        assert_eq!(ListError::Bits(error).problem(), Problem::MalformedValue);
    }
}

#[test]
fn a_list_that_is_not_the_one_meant_is_refused() {
    let list = list(OF_THE_RECOMMENDATION);
    let circular = json!({"type": "BitstringStatusListEntry", "statusListCredential": LIST});
    let elsewhere = json!([{"statusListCredential": "https://example.com/other"}]);
    let cases = [
        ("/type", json!(["VerifiableCredential"]), ListError::NotAList),
        ("/id", json!("https://example.com/credentials/status/4"), ListError::OtherList),
        ("/credentialStatus", circular.clone(), ListError::Circular),
        ("/credentialStatus", json!([elsewhere[0], circular]), ListError::Circular),
        ("/credentialStatus", elsewhere, ListError::HasStatus),
        ("/credentialSubject/statusPurpose", json!("suspension"), ListError::OtherPurpose),
        ("/credentialSubject/statusSize", json!(2), ListError::OtherSize),
    ];
    for (pointer, value, error) in cases {
        let list = with(list.clone(), pointer, value);
        assert_eq!(check(&entry(), &list), Err(error), "{list}");
    }
    assert_eq!(check(&entry(), &json!([])), Err(ListError::NotAList));
    for (pointer, value) in [
        ("/credentialSubject", json!([])),
        ("/credentialSubject/type", json!("StatusList2021")),
        ("/credentialSubject/statusPurpose", json!([])),
        ("/credentialSubject/statusPurpose", json!(null)),
        ("/credentialSubject/statusPurpose", json!(["revocation", 1])),
        ("/credentialSubject/encodedList", json!(null)),
        ("/credentialSubject/ttl", json!(-1)),
        ("/credentialSubject/ttl", json!("300000")),
        ("/validFrom", json!("yesterday")),
        ("/validUntil", json!(2030)),
    ] {
        let list = with(list.clone(), pointer, value);
        match check(&entry(), &list) {
            Err(ListError::Malformed(fault)) => assert!(pointer.starts_with(&fault.pointer)),
            other => panic!("{other:?} of {list}"),
        }
    }
}

#[test]
fn only_the_issuer_of_the_credential_speaks_about_its_status() {
    let list = list(OF_THE_RECOMMENDATION);
    let by = |issuer: Value| check_issuer(&json!({ "issuer": issuer }), &list);
    assert_eq!(by(json!(ISSUER)), Ok(()));
    assert_eq!(by(json!({"id": ISSUER, "type": ["Profile"]})), Ok(()));
    for other in [json!("did:example:6789"), json!({"name": ISSUER}), json!(null)] {
        assert_eq!(by(other), Err(ListError::OtherIssuer));
    }
    assert_eq!(check_issuer(&json!({}), &json!({})), Err(ListError::OtherIssuer));
    assert_eq!(ListError::OtherIssuer.problem(), Problem::StatusVerification);
}

proptest! {
    #[test]
    fn a_list_survives_encoding(
        bits in 1_u64..=8,
        values in prop::collection::vec((0_u64..140_000, any::<u8>()), 0..50),
    ) {
        let size = StatusSize::new(bits).unwrap();
        let mut list = StatusList::sized(140_000, size);
        let mut model = std::collections::BTreeMap::new();
        for (index, value) in values {
            let value = u8::try_from(usize::from(value) % size.values()).unwrap();
            list.set_value(index, value).unwrap();
            model.insert(index, value);
        }
        let read = StatusList::decode_sized(&list.encode(), size).unwrap();
        prop_assert_eq!(&read, &list);
        for index in model.keys().flat_map(|index| [index.saturating_sub(1), *index, index + 1]) {
            let value = read.value(index);
            prop_assert_eq!(value.unwrap_or(0), model.get(&index).copied().unwrap_or(0));
        }
    }

    #[test]
    fn whatever_the_list_is_the_answer_is_an_answer(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        head in prop::sample::select(vec![vec![], vec![0x1f, 0x8b, 8, 0], gzip(&[0; 16_384])]),
        index in any::<u64>(),
    ) {
        let list = list(&multibase(&[head, bytes].concat()));
        let entry = with(entry(), "/statusListIndex", json!(index));
        let _ = check(&entry, &list);
    }

    #[test]
    fn every_single_changed_byte_of_a_list_is_noticed(at in 0_usize..48, to in any::<u8>()) {
        let mut bits = StatusList::new(0);
        bits.set(94_567, true).unwrap();
        let mut bytes = URL_SAFE_NO_PAD.decode(&bits.encode()[1..]).unwrap();
        let at = at % bytes.len();
        bytes[at] = to;
        // But for the header's time, flags for people and name of the system, which say nothing.
        let found = check(&entry(), &list(&multibase(&bytes))).map(|found| found.set);
        prop_assert!(found != Ok(false), "byte {} became {}", at, to);
    }
}
