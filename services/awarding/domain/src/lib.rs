//! Who was awarded what, decided: awards, batches of them, status lists, and the erasure of people.
//!
//! Pure: facts and a command in, new facts or a rejection out. To add an event, add a variant to
//! its aggregate's enum and a golden file under `golden/`; the tests name what is missing.

mod award;
mod batch;
mod digest;
mod id;
mod particulars;
mod person;
mod status_list;
mod submission;
mod template;

pub use award::{
    Award, AwardAccepted, AwardCommand, AwardCreated, AwardDeclined, AwardEvent, AwardNotified,
    AwardRejection, AwardRevoked, Claim, Made, Revocation,
};
pub use batch::{
    Batch, BatchCommand, BatchContinued, BatchEvent, BatchFinished, BatchProgressed,
    BatchRejection, BatchSubmitted, MAX_ROWS, Outcome, RowRefusal, Running, Tally,
};
pub use digest::{Digest, InvalidDigest};
pub use id::{
    AwardId, AwardKind, BatchId, BatchKind, EarnerId, EarnerKind, StatusListId, StatusListKind,
    SubmissionId, SubmissionKind, status_list,
};
pub use particulars::{Particulars, Stated, credential_id};
pub use person::{ErasedAward, Person, PersonCommand, PersonErased, PersonEvent, PersonRejection};
pub use status_list::{
    CAPACITY, Permutation, StatusList, StatusListCommand, StatusListEvent, StatusListRejection,
    StatusRangeReserved,
};
pub use submission::{
    CredentialRevoked, CredentialSigned, CredentialSubmitted, Signer, StatusPlace, Submission,
    SubmissionCommand, SubmissionEvent, SubmissionRejection,
};
pub use template::{Template, TemplateCommand, TemplateEvent, TemplateRecorded, TemplateRejection};
