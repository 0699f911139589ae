import { Button, CloseButton, Group, Paper, Portal, Text } from '@mantine/core';
import { createContext, type PropsWithChildren, useCallback, useContext, useEffect, useRef, useState } from 'react';
import { defineWords } from '../words/words.ts';
import classes from './toast.module.css';

const useWords = defineWords('toast', { dismiss: 'Dismiss' }, { dismiss: '关闭提示' });

/** What was done, and a way to take it back where there is one. */
export interface Toast {
  readonly text: string;
  readonly undo?: { readonly label: string; readonly act: () => void };
}

const ToastContext = createContext<((toast: Toast) => void) | undefined>(undefined);

const stays = 8000;

/** Lets the pages below say what was done. The newest is shown; it stays while it is pointed at. */
export function ToastProvider({ children }: PropsWithChildren) {
  const t = useWords();
  const [toast, setToast] = useState<Toast>();
  const [held, setHeld] = useState(false);
  const close = useCallback(() => {
    setToast(undefined);
    setHeld(false);
  }, []);
  useEffect(() => {
    if (toast === undefined || held) {
      return undefined;
    }
    const timer = setTimeout(close, stays);
    return () => clearTimeout(timer);
  }, [toast, held, close]);
  const undo = toast?.undo;
  return (
    <ToastContext value={setToast}>
      {children}
      <Portal>
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- it only stays longer */}
        <output className={classes.place} aria-live="polite" onPointerEnter={() => setHeld(true)} onPointerLeave={() => setHeld(false)} onFocus={() => setHeld(true)} onBlur={() => setHeld(false)}>
          {toast !== undefined && (
            <Paper withBorder className={classes.toast}>
              <Group gap="xs" wrap="nowrap" justify="space-between">
                <Text size="sm" className={classes.text}>
                  {toast.text}
                </Text>
                <Group gap={4} wrap="nowrap">
                  {undo !== undefined && (
                    <Button
                      size="compact-sm"
                      variant="subtle"
                      onClick={() => {
                        close();
                        undo.act();
                      }}
                    >
                      {undo.label}
                    </Button>
                  )}
                  <CloseButton size="sm" aria-label={t('dismiss')} onClick={close} />
                </Group>
              </Group>
            </Paper>
          )}
        </output>
      </Portal>
    </ToastContext>
  );
}

/** Returns what says that something was done. */
export function useToast(): (toast: Toast) => void {
  const show = useContext(ToastContext);
  const last = useRef(show);
  useEffect(() => {
    last.current = show;
  }, [show]);
  return useCallback((toast: Toast) => last.current?.(toast), []);
}
