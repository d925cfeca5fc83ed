'use client';
import { useCallback, useState, useSyncExternalStore } from 'preact/compat';
import { hooksFor } from './hooks.js';

export type { Mutation } from './hooks.js';
export const { usePrewarm, useWay, useMutation } = hooksFor({ useSyncExternalStore, useState, useCallback } as never);
