//! Erasure, status lists, templates.

use awarding_domain::{
    CAPACITY, Digest, ErasedAward, Permutation, Person, PersonCommand, PersonEvent, StatusList,
    StatusListCommand, StatusListEvent, StatusListRejection, Template, TemplateCommand,
    TemplateRejection, status_list,
};
use kernel::{Aggregate, Id, TenantId, testing::given};
use proptest::prelude::*;

fn award(n: u32) -> ErasedAward {
    ErasedAward { award: Id::derived([3; 16]), list: Id::derived([5; 16]), index: n }
}

fn erase(key_version: u32, awards: u32) -> PersonCommand {
    PersonCommand::Erase { key_version, awards: (0..awards).map(award).collect() }
}

#[test]
fn a_person_is_erased_once_per_key() {
    let person = Person::default();
    assert!(!person.is_erased(1));
    let events = person.decide(erase(1, 2)).expect("erasing never fails");
    let person = given::<Person>(events);
    assert!(person.is_erased(1) && !person.is_erased(2));
    assert_eq!(person.decide(erase(1, 2)), Ok(vec![]));
    let events = person.decide(erase(2, 0)).expect("erasing never fails");
    assert_eq!(events.len(), 1, "an erasure without awards is a fact too");
}

#[test]
fn an_erasure_of_many_awards_names_each_once() {
    let events = Person::default().decide(erase(1, 9_001)).expect("erasing never fails");
    assert_eq!(events.len(), 3);
    let named: Vec<u32> = events
        .iter()
        .flat_map(|PersonEvent::Erased(erased)| erased.awards.iter().map(|award| award.index))
        .collect();
    assert!(named.into_iter().eq(0..9_001));
}

#[test]
fn a_full_list_says_so() {
    let reserve =
        |count| StatusListCommand::Reserve { issuer: Id::derived([1; 16]), number: 0, count };
    let mut list = StatusList { next: CAPACITY - 10 };
    let events = list.decide(reserve(64)).expect("ten are left");
    let StatusListEvent::Reserved(range) = &events[0];
    assert_eq!((range.from, range.to), (CAPACITY - 10, CAPACITY));
    list = events.into_iter().fold(list, StatusList::evolve);
    assert_eq!(list.decide(reserve(1)), Err(StatusListRejection::Full));
}

#[test]
fn every_counter_has_a_place_of_its_own() {
    let permutation = Permutation::new(b"secret", Id::derived([5; 16]));
    let mut taken = vec![false; CAPACITY as usize];
    for counter in 0..CAPACITY {
        let place = permutation.place(counter) as usize;
        assert!(!std::mem::replace(&mut taken[place], true), "{counter} meets another at {place}");
    }
}

#[test]
fn places_show_no_pattern_in_time() {
    const BINS: u32 = 64;
    const FIRST: u32 = 2_048;
    let (mut places, mut steps) = ([0_u32; BINS as usize], [0_u32; BINS as usize]);
    for number in 0..8 {
        let list = status_list(TenantId::PLATFORM, Id::derived([1; 16]), number);
        let permutation = Permutation::new(b"secret", list);
        let mut before = 0;
        for counter in 0..FIRST {
            let place = permutation.place(counter);
            let step = (place + CAPACITY - before) % CAPACITY;
            places[(place / (CAPACITY / BINS)) as usize] += 1;
            steps[(step / (CAPACITY / BINS)) as usize] += 1;
            before = place;
        }
    }
    // Of 63 degrees of freedom one in a hundred even distributions exceeds this.
    for counts in [places, steps] {
        let expected = 8.0 * f64::from(FIRST) / f64::from(BINS);
        let squares = counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected);
        let sum: f64 = squares.sum();
        assert!(sum < 92.0, "chi squared is {sum}");
    }
}

#[test]
fn places_differ_between_lists_and_secrets() {
    let tenant = TenantId::PLATFORM;
    let list = |number| status_list(tenant, Id::derived([1; 16]), number);
    assert_ne!(list(0), list(1));
    let places = |secret: &[u8], number| {
        let permutation = Permutation::new(secret, list(number));
        (0..8).map(|counter| permutation.place(counter)).collect::<Vec<_>>()
    };
    assert_ne!(places(b"a", 0), places(b"a", 1));
    assert_ne!(places(b"a", 0), places(b"b", 0));
    assert_eq!(places(b"a", 0), places(b"a", 0));
}

#[test]
fn a_template_is_recorded_once() {
    let record = |text: &str| TemplateCommand::Record { text: text.into() };
    let events = Template::default().decide(record("a")).expect("recorded");
    let template = given::<Template>(events);
    assert_eq!(template.decide(record("a")), Ok(vec![]));
    assert_eq!(template.decide(record("b")), Err(TemplateRejection::Other));
}

proptest! {
    #[test]
    fn reserved_ranges_never_meet(counts in prop::collection::vec(1u32..30_000, 1..12)) {
        let mut list = StatusList::default();
        let mut end = 0;
        for count in counts {
            let command = StatusListCommand::Reserve { issuer: Id::derived([1; 16]), number: 0, count };
            let Ok(events) = list.decide(command) else { break };
            let StatusListEvent::Reserved(range) = &events[0];
            prop_assert_eq!(range.from, end);
            prop_assert!(range.to > range.from && range.to <= CAPACITY);
            end = range.to;
            list = events.into_iter().fold(list, StatusList::evolve);
        }
    }

    #[test]
    fn a_digest_reads_back(bytes: [u8; 32]) {
        let digest = Digest(bytes);
        prop_assert_eq!(digest.to_string().parse(), Ok(digest));
        let json = serde_json::to_string(&digest).expect("a string");
        prop_assert_eq!(serde_json::from_str::<Digest>(&json).expect("reads"), digest);
    }
}
