//! What Redis does in one stroke. A script that a server does not know yet is sent whole.

use std::sync::LazyLock;

/// A script and its name.
pub(super) struct Lua {
    pub(super) code: &'static str,
    pub(super) hash: LazyLock<String>,
}

macro_rules! lua {
    ($name:ident, $code:expr) => {
        pub(super) static $name: Lua = Lua {
            code: $code,
            hash: LazyLock::new(|| redis::Script::new($code).get_hash().to_owned()),
        };
    };
}

lua!(FIND, include_str!("scripts/find.lua"));
lua!(WALK, include_str!("scripts/walk.lua"));
lua!(KEEP, include_str!("scripts/keep.lua"));
lua!(PREPARE, include_str!("scripts/prepare.lua"));
lua!(COMMIT, include_str!("scripts/commit.lua"));
lua!(SWAP, include_str!("scripts/swap.lua"));
lua!(HOLD, include_str!("scripts/hold.lua"));
lua!(RELEASE, include_str!("scripts/release.lua"));
lua!(RIGHTS, include_str!("scripts/rights.lua"));
lua!(ENSURE, include_str!("scripts/ensure.lua"));
lua!(
    APPLY,
    concat!("#!lua\n", include_str!("scripts/write.lua"), include_str!("scripts/apply.lua"))
);
lua!(PART, concat!("#!lua\n", include_str!("scripts/write.lua"), include_str!("scripts/part.lua")));
