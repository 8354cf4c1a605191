"use strict";
// JavaScript, as Node itself and Pulumi's host for it require.
require("tsx/cjs");
// The SDK takes the engine, to which it logs, from the environment; it is an argument here.
process.env.PULUMI_NODEJS_ENGINE ??= process.argv.slice(2).find((argument) => /:\d+$/.test(argument));
require("./provider");
