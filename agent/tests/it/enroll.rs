//! Enrolment: what is stored, and when nothing is.
