"use strict";
// This file is JavaScript because Node.js itself and Pulumi's Node.js host load it.
const path = require("node:path");
const { load } = require("../compile/compiled");
// The SDK reads the engine's address, to which it logs, from the environment. Here it is an argument.
process.env.PULUMI_NODEJS_ENGINE ??= process.argv.slice(2).find((argument) => /:\d+$/.test(argument));
load(path.join(__dirname, "provider.ts"));
