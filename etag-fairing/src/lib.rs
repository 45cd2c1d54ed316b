//! Fairing.
