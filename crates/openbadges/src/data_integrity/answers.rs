//! What a proof was asked for: its domain and challenge (VC Data Integrity 1.0, "Verify Proof").

use serde_json::Value;

use super::proof::ProofError;

/// Checks that a proof was made for one of us and answers our question, as far as we had any.
///
/// # Errors
/// When the proof has another domain or challenge, or none.
pub fn check_answers(
    proof: &Value,
    domain: Option<&str>,
    challenge: Option<&str>,
) -> Result<(), ProofError> {
    if let Some(domain) = domain {
        let named = match proof.get("domain") {
            Some(Value::String(one)) => one == domain,
            Some(Value::Array(several)) => several.iter().any(|one| one.as_str() == Some(domain)),
            _ => false,
        };
        if !named {
            return Err(ProofError::Domain);
        }
    }
    match challenge {
        Some(_) if proof.get("challenge").and_then(Value::as_str) != challenge => {
            Err(ProofError::Challenge)
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_proof_must_answer_what_was_asked() {
        let proof = json!({"domain": ["a.example", "b.example"], "challenge": "7"});
        assert!(check_answers(&proof, None, None).is_ok());
        assert!(check_answers(&proof, Some("b.example"), Some("7")).is_ok());
        let domain = check_answers(&proof, Some("c.example"), None);
        assert!(matches!(domain, Err(ProofError::Domain)));
        let challenge = check_answers(&proof, None, Some("8"));
        assert!(matches!(challenge, Err(ProofError::Challenge)));
        assert!(matches!(check_answers(&json!({}), Some("a"), None), Err(ProofError::Domain)));
        assert!(matches!(check_answers(&json!({}), None, Some("")), Err(ProofError::Challenge)));
    }
}
