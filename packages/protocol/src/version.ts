// Homebody's version, which package.json states too (a test holds them equal).

export const version = "0.3.0";
