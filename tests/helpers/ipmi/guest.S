# A boot sector that talks on COM1 and does nothing else: prints a banner and READY, echoes every byte
# (a line feed after each carriage return), and prints BREAK when it sees one on the line.
        .intel_syntax noprefix
        .code16
        .globl _start
_start: cli
        xor     ax, ax
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     sp, 0x7c00
        ljmp    0, offset begin
begin:  sti
        cld
        mov     bx, offset settings
setup:  movzx   dx, byte ptr [bx]       # port below 0x300, value
        or      dl, dl
        jz      talk
        add     dx, 0x300
        mov     al, [bx + 1]
        out     dx, al
        add     bx, 2
        jmp     setup
talk:   mov     si, offset banner
        call    print
loop:   mov     dx, 0x3fd
        in      al, dx
        mov     ah, al
        test    ah, 0x10
        jz      nobreak
        mov     dx, 0x3f8
        in      al, dx
        mov     si, offset broke
        call    print
        jmp     loop
nobreak:
        test    ah, 1
        jnz     key
        hlt                             # until the timer or the line wakes it
        jmp     loop
key:    mov     dx, 0x3f8
        in      al, dx
        call    put
        cmp     al, 13
        jne     loop
        mov     al, 10
        call    put
        jmp     loop
print:  lodsb
        test    al, al
        jz      done
        call    put
        jmp     print
put:    push    ax
        mov     dx, 0x3fd
full:   in      al, dx
        test    al, 0x20
        jz      full
        pop     ax
        mov     dx, 0x3f8
        out     dx, al
done:   ret
        # 115200 8N1, FIFO on, DTR RTS OUT2
settings: .byte 0xf9, 0, 0xfb, 0x80, 0xf8, 1, 0xf9, 0, 0xfb, 3, 0xfa, 0xc7, 0xfc, 0x0b, 0
banner: .asciz  "\r\nGUEST boots\r\nREADY\r\n"
broke:  .asciz  "BREAK\r\n"
        .org    510
        .word   0xaa55
