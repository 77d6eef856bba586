//! Starts Laurel for the journeys: real stores in a temporary folder, real HTTP, either wire.
