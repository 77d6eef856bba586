//! keyvault.
