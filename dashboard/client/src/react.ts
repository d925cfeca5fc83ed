'use client';
import { useCallback, useState, useSyncExternalStore } from 'react';
import { hooksFor } from './hooks.js';

export type { Mutation } from './hooks.js';
export const { usePrewarm, useWay, useMutation } = hooksFor({ useSyncExternalStore, useState, useCallback } as never);
